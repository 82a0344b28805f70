import Foundation
import ImageData
import Statistics

/// What gain the planned pairs can show, said before anything is trained.
struct PowerStatement {
  /// The spread of pairs, and how it is known.
  struct Spread {
    /// The standard deviation of a pair's difference, in points.
    var points: Double
    /// How it is known, as it goes on after "as".
    var source: String
  }

  /// The measure.
  var measure: String
  /// The image set and the method.
  var condition: Study.Condition
  /// Planned pairs.
  var pairs: Int
  /// The spread; nil where it is unknown.
  var spread: Spread?

  /// The smallest gain that the pairs show with a power of 80 %, in points; nil where it is unknown, or the pairs are too
  /// few for any verdict.
  var detectableGain: Double? {
    spread.flatMap { PairedPower.gainForVerdict(pairs: pairs, spread: $0.points) }
  }

  /// Where it holds: the measure, the image set and the method.
  private var place: String { "\(measure) (\(condition.name))" }

  /// What the pairs can show, without its place.
  var claim: String {
    guard pairs >= Verdict.fewestPairs else {
      return "\(quantity(pairs, "pair")) cannot show any gain, since even pairs that all agree have a p above 0.05; "
        + "\(Verdict.fewestPairs) are needed."
    }
    guard let spread, let gain = detectableGain else {
      return "which gain \(pairs) pairs can show is unknown until 3 pairs are in; the key 'spread' names the standard "
        + "deviation of a pair's difference where it is known."
    }
    return String(
      format: "with %d pairs, gains above %.1f points (80 %% power at 5 %%), if pairs scatter by %.2f points as %@.",
      pairs, gain, spread.points, spread.source)
  }

  /// A sentence for each different claim, with the places where it holds; without them where it holds in all.
  static func sentences(_ statements: [PowerStatement]) -> [String] {
    var places: [String: [String]] = [:]
    var claims: [String] = []
    for statement in statements {
      if places[statement.claim] == nil { claims.append(statement.claim) }
      places[statement.claim, default: []].append(statement.place)
    }
    if claims.count == 1, statements.count > 1 { return [claims[0].prefix(1).uppercased() + claims[0].dropFirst()] }
    return claims.map { "\(places[$0]!.joined(separator: "; ")): \($0)" }
  }

  /// Pairs that a spread of this folder is taken from, at least.
  private static let fewestPairs = 3

  /// Statements on each condition and measure of a study, for the arm that is compared with the reference first.
  static func all(for study: Study, report: StudyReport) -> [PowerStatement] {
    guard let arm = study.arms.first(where: { $0.name != study.reference && !$0.isUntrained }) else { return [] }
    return study.conditions.flatMap { condition in
      let known =
        report.measures.isEmpty ? study.expectedMeasures : report.measures
      return known.map { measure in
        PowerStatement(
          measure: measure, condition: condition, pairs: study.seeds.count,
          spread: spread(of: measure, arm: arm.name, in: condition, study, report))
      }
    }
  }

  private static func spread(
    of measure: String, arm: String, in condition: Study.Condition, _ study: Study, _ report: StudyReport
  ) -> Spread? {
    let seen = report.comparisons.first {
      $0.condition == condition && $0.measure == measure && $0.arm == arm && $0.base == study.reference
    }
    if let seen, seen.difference.count >= fewestPairs, let deviation = seen.difference.standardDeviation, deviation > 0
    {
      return Spread(points: deviation * 100, source: "the \(seen.difference.count) pairs so far of \(arm) do")
    }
    if let points = study.spread[measure] { return Spread(points: points, source: "the study file says") }
    let recipe = study.recipe(in: condition)
    return known[recipe]?[measure].map { Spread(points: $0, source: "pairs of the recipe \(recipe) did") }
  }

  /// Standard deviations of a pair's difference between hard and random views, in points, by recipe and measure; see
  /// Documentation/Demo.md.
  private static let known = ["simsiam-fashion": ["20-NN": 1.1, "linear": 0.8]]
}
