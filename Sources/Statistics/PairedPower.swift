import Foundation

/// What a number of pairs can show at 5 %, two-sided.
public enum PairedPower {
  /// How much more gain than a t-test the sign-flip test of a verdict needs for a power of 80 %, by pairs.
  ///
  /// Of normal differences, simulated (`scripts/make_statistics_fixtures.py`); more pairs need none.
  static let signFlipFactors = [6: 1.25, 7: 1.045, 8: 1.03, 9: 1.02]

  /// The smallest gain that pairs call better with a probability of 80 %, in the unit of the spread; nil where pairs are
  /// too few for a verdict.
  ///
  /// - Parameters:
  ///   - pairs: How many.
  ///   - spread: The standard deviation of a pair's difference.
  public static func gainForVerdict(pairs: Int, spread: Double) -> Double? {
    guard pairs >= Verdict.fewestPairs else { return nil }
    return detectableGain(pairs: pairs, spread: spread).map { $0 * (signFlipFactors[pairs] ?? 1) }
  }

  /// The probability that the paired t-test shows a gain.
  ///
  /// - Parameters:
  ///   - gain: The true mean difference.
  ///   - spread: The standard deviation of a pair's difference, above 0.
  ///   - pairs: At least two.
  public static func power(ofGain gain: Double, spread: Double, pairs: Int) -> Double {
    let critical = StudentT(degreesOfFreedom: pairs - 1).quantile(1 - Verdict.significance / 2)
    return power(ofGain: gain, spread: spread, pairs: pairs, critical: critical)
  }

  /// The smallest gain that the paired t-test shows with a power of 80 %, in the unit of the spread; nil with fewer than two pairs.
  ///
  /// - Parameters:
  ///   - pairs: How many.
  ///   - spread: The standard deviation of a pair's difference.
  public static func detectableGain(pairs: Int, spread: Double) -> Double? {
    guard pairs > 1 else { return nil }
    let critical = StudentT(degreesOfFreedom: pairs - 1).quantile(1 - Verdict.significance / 2)
    return spread
      * root(of: { power(ofGain: $0, spread: 1, pairs: pairs, critical: critical) - 0.8 }, between: 0, and: 100)
  }

  private static func power(ofGain gain: Double, spread: Double, pairs: Int, critical: Double) -> Double {
    let noncentral = StudentT(
      degreesOfFreedom: pairs - 1, noncentrality: gain * Double(pairs).squareRoot() / spread)
    return 1 - noncentral.cumulative(critical) + noncentral.cumulative(-critical)
  }
}
