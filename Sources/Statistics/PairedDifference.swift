import Foundation

/// The mean of paired differences, with 95 % intervals and the p of the sign-flip test.
public struct PairedDifference: Codable, Sendable, Equatable {
  /// Pairs.
  public var count: Int
  /// The mean difference; of several strata, the mean of their means.
  public var mean: Double
  /// The standard deviation of a pair's difference; nil with fewer than two pairs and for several strata.
  public var standardDeviation: Double?
  /// The interval by Student's t; nil with fewer than two pairs and for several strata.
  public var student: ConfidenceInterval?
  /// The BCa bootstrap interval; nil with fewer than two pairs in a stratum, and where all differences are the same.
  public var bootstrap: ConfidenceInterval?
  /// The two-sided p of the sign-flip test; 1 where the mean is 0.
  public var p: Double

  /// Summarizes `after[i] − before[i]`.
  public init(from before: [Double], to after: [Double]) {
    precondition(before.count == after.count, "pairs need both sides")
    self.init(zip(before, after).map { $1 - $0 })
  }

  /// Summarizes differences.
  public init(_ differences: [Double]) {
    self.init(pooling: [differences])
    guard count > 1 else { return }
    let n = Double(count)
    let variance = differences.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / (n - 1)
    let halfWidth = StudentT(degreesOfFreedom: count - 1).quantile(0.975) * (variance / n).squareRoot()
    standardDeviation = variance.squareRoot()
    student = ConfidenceInterval(lower: mean - halfWidth, upper: mean + halfWidth)
  }

  /// Pools the differences of several strata, such as image sets or methods: every stratum weighs the same, and pairs are
  /// resampled within it.
  public init(pooling strata: [[Double]]) {
    precondition(!strata.isEmpty && strata.allSatisfy { !$0.isEmpty }, "every stratum needs a pair")
    count = strata.reduce(0) { $0 + $1.count }
    mean = Statistics.mean(strata.map(Statistics.mean))
    bootstrap = Bootstrap.interval(of: strata)
    p = SignFlipTest.p(strata.flatMap { stratum in stratum.map { $0 / Double(stratum.count) } })
  }

  /// Half the width of Student's interval; nil where there is none.
  public var halfWidth: Double? { student.map { ($0.upper - $0.lower) / 2 } }

  /// The interval that a verdict rests on: Student's, or the bootstrap's for several strata.
  public var interval: ConfidenceInterval? { student ?? bootstrap }

  /// What the pairs show.
  public var verdict: Verdict {
    guard count >= Verdict.fewestPairs else { return .tooFewPairs }
    guard p <= Verdict.significance, let interval, !interval.contains(0) else { return .undecided }
    return mean > 0 ? .better : .worse
  }
}

/// What paired differences show.
public enum Verdict: String, Codable, Sendable {
  /// The mean is above zero: p is at most 0.05, and the interval leaves zero out.
  case better
  /// The mean is below zero: p is at most 0.05, and the interval leaves zero out.
  case worse
  /// No difference that this number of pairs can show.
  case undecided
  /// Fewer than six pairs, whose smallest possible p is above 0.05.
  case tooFewPairs = "too_few_pairs"

  /// The largest p that counts.
  public static let significance = 0.05
  /// Pairs below which nothing is called better or worse.
  public static let fewestPairs = 6
}
