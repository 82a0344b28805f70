import Foundation
import ImageData
import RepresentationEvaluation
import Statistics

/// The results of a study so far.
public struct StudyReport: Codable, Sendable {
  /// An arm in one condition.
  public struct Arm: Codable, Sendable {
    /// The image set and the method.
    public var condition: Study.Condition
    /// The arm.
    public var arm: String
    /// Finished runs.
    public var runs: Int
    /// Epochs of training; 0 for an untrained encoder.
    public var epochs: Int
    /// Mean seconds of training.
    public var trainingSeconds: Double
    /// Means over the runs.
    public var measures: [Measure]
  }

  /// A pair of runs with the same seed.
  public struct Pair: Codable, Sendable, Equatable {
    /// The image set and the method.
    public var condition: Study.Condition
    /// The seed.
    public var seed: Int
    /// The value of the arm that is compared with.
    public var base: Double
    /// The value of the arm.
    public var value: Double
    /// The training seconds of the arm that is compared with: of processors where both are known, else of the clock.
    public var baseSeconds: Double
    /// The training seconds of the arm, in the same way.
    public var seconds: Double
  }

  /// An arm held against another by one measure.
  public struct Comparison: Codable, Sendable {
    /// The image set and the method; nil for all of them pooled.
    public var condition: Study.Condition?
    /// The arm that is compared with.
    public var base: String
    /// The arm.
    public var arm: String
    /// Whether the base was trained as long as the arm.
    public var isAtEqualTime: Bool
    /// The measure.
    public var measure: String
    /// The pairs.
    public var pairs: [Pair]
    /// How many times as long as the base the arm was trained; nil where the base was not.
    public var timeRatio: Double? {
      let base = pairs.reduce(0) { $0 + $1.baseSeconds }
      return base > 0 ? pairs.reduce(0) { $0 + $1.seconds } / base : nil
    }
    /// What they say about the arm's gain, as a share; where a lower value is better, the gain is how much lower it is.
    public var difference: PairedDifference
    /// What they show.
    public var verdict: Verdict
    /// The verdict in words.
    public var words: String
  }

  /// One line on the study.
  public var summary: String
  /// The arm that others are compared with.
  public var reference: String
  /// The measures that arms are compared by, the main one first.
  public var measures: [String]
  /// Pairs of each comparison when all runs are finished.
  public var plannedPairs: Int
  /// Runs when all are finished.
  public var plannedRuns: Int
  /// The arms.
  public var arms: [Arm]
  /// The comparisons, those of each condition before the pooled ones.
  public var comparisons: [Comparison]
  /// Every finished run.
  public var runs: [RunResult]
  /// Every run that failed.
  public var failures: [RunFailure]

  /// Gathers results.
  init(of study: Study, results: [RunResult], failures: [RunFailure]) {
    summary = study.summary
    reference = study.reference
    plannedPairs = study.seeds.count
    plannedRuns = study.seeds.count * study.conditions.count * study.arms.count
    runs = results
    self.failures = failures
    var names = study.measures
    if names.isEmpty {
      for name in results.flatMap(\.mainMeasures) where !names.contains(name) { names.append(name) }
    }
    measures = names
    let falling = Set(results.flatMap(\.measures).filter(\.lowerIsBetter).map(\.name))
    arms = study.conditions.flatMap { condition in
      study.arms.compactMap { arm in
        Self.summary(of: results.filter { $0.condition == condition && $0.arm == arm.name })
      }
    }
    comparisons = []
    let contrasts = Self.contrasts(of: study)
    let scopes: [Study.Condition?] = study.conditions + (study.conditions.count > 1 ? [nil] : [])
    for condition in scopes {
      for contrast in contrasts {
        for measure in names {
          let conditions = condition.map { [$0] } ?? study.conditions
          let strata = conditions.map { Self.pairs(of: results, in: $0, contrast, measure) }.filter { !$0.isEmpty }
          guard !strata.isEmpty else { continue }
          comparisons.append(
            Comparison(
              strata, of: contrast, in: condition, measure: measure, lowerIsBetter: falling.contains(measure)))
        }
      }
    }
  }

  struct Contrast {
    var base: String
    var arm: String
    var isAtEqualTime = false
  }

  /// Every arm is held against the reference, and one whose time another one was given against that one, too.
  private static func contrasts(of study: Study) -> [Contrast] {
    let plain = study.arms.filter { $0.name != study.reference }.map {
      Contrast(base: study.reference, arm: $0.name)
    }
    let timed = study.arms.compactMap { arm in
      arm.asLongAs.map { Contrast(base: arm.name, arm: $0, isAtEqualTime: true) }
    }
    return plain + timed.filter { $0.base != study.reference }
  }

  private static func summary(of runs: [RunResult]) -> Arm? {
    guard let first = runs.first else { return nil }
    let count = Double(runs.count)
    return Arm(
      condition: first.condition, arm: first.arm, runs: runs.count, epochs: first.epochs,
      trainingSeconds: runs.reduce(0) { $0 + $1.trainingSeconds } / count,
      measures: first.measures.map { measure in
        Measure(
          name: measure.name, value: runs.compactMap { $0.value(measure.name) }.reduce(0, +) / count, interval: nil,
          lowerIsBetter: measure.lowerIsBetter)
      })
  }

  private static func pairs(
    of results: [RunResult], in condition: Study.Condition, _ contrast: Contrast, _ measure: String
  ) -> [Pair] {
    let here = results.filter { $0.condition == condition }
    return here.filter { $0.arm == contrast.arm }.compactMap { run in
      guard let other = here.first(where: { $0.arm == contrast.base && $0.seed == run.seed }),
        let base = other.value(measure), let value = run.value(measure)
      else { return nil }
      let seconds = run.seconds(beside: other)
      return Pair(
        condition: condition, seed: run.seed, base: base, value: value, baseSeconds: seconds.other, seconds: seconds.own
      )
    }
  }
}

extension StudyReport.Comparison {
  fileprivate init(
    _ strata: [[StudyReport.Pair]], of contrast: StudyReport.Contrast, in condition: Study.Condition?, measure: String,
    lowerIsBetter: Bool
  ) {
    self.condition = condition
    base = contrast.base
    arm = contrast.arm
    isAtEqualTime = contrast.isAtEqualTime
    self.measure = measure
    pairs = strata.flatMap { $0 }
    let differences = strata.map { pairs in pairs.map { lowerIsBetter ? $0.base - $0.value : $0.value - $0.base } }
    difference = differences.count == 1 ? PairedDifference(differences[0]) : PairedDifference(pooling: differences)
    verdict = difference.verdict
    words = difference.words
  }
}

extension PairedDifference {
  /// The verdict on a difference of shares, in words and percentage points.
  var words: String {
    let range = interval.map { " (\(points($0.lower)) to \(points($0.upper)), p = \(Self.text(p)), \(pairs))" }
    switch verdict {
    case .better: return "better by \(points(mean)) points\(range ?? "")"
    case .worse:
      let range = interval.map { "\(points(-$0.upper)) to \(points(-$0.lower)), p = \(Self.text(p)), \(pairs)" } ?? ""
      return "worse by \(points(-mean)) points (\(range))"
    case .undecided:
      return "no difference that \(pairs) can show: \(signed(mean)) points\(range ?? "")"
    case .tooFewPairs:
      let count = "too few pairs for a verdict"
      return "\(signed(mean)) points in \(pairs), \(count)"
    }
  }

  private var pairs: String { quantity(count, "pair") }

  private static func text(_ p: Double) -> String { String(format: p < 0.0995 ? "%.3f" : "%.2f", p) }
}

/// A share in percentage points.
func points(_ share: Double) -> String {
  let text = String(format: "%.2f", share * 100)
  return text == "-0.00" ? "0.00" : text
}

/// A difference of shares in percentage points, with its sign.
func signed(_ share: Double) -> String { String(format: "%+.2f", share * 100) }
