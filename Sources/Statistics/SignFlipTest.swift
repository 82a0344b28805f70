import Foundation

/// The randomization test of paired differences: where neither side is better, every difference could as well have the
/// other sign.
public enum SignFlipTest {
  /// Up to this number of values every pattern of signs is counted; beyond it, `drawnPatterns` random ones are.
  static let exactLimit = 30
  static let drawnPatterns = 100_000

  /// The smallest p that a number of pairs can have: that of differences which all have one sign.
  public static func smallestP(pairs: Int) -> Double { min(1, pow(0.5, Double(pairs - 1))) }

  /// The two-sided p: the share of all patterns of signs whose sum is as far from zero as that of the values.
  public static func p(_ values: [Double]) -> Double {
    let observed = abs(values.reduce(0, +))
    // Sums in another order differ by rounding.
    let limit = observed - 1e-10 * values.reduce(0) { $0 + abs($1) }
    guard limit > 0 else { return 1 }
    guard values.count <= exactLimit else { return drawnP(values, limit: limit) }
    // Each pattern is one of the first half and one of the second.
    let middle = values.count / 2
    let first = signedSums(values[..<middle]).sorted()
    let second = signedSums(values[middle...]).sorted()
    var (count, next) = (0, second.count)
    for sum in first {
      while next > 0, sum + second[next - 1] >= limit { next -= 1 }
      count += second.count - next
    }
    return min(1, 2 * Double(count) / pow(2, Double(values.count)))
  }

  /// The sums of the values with every pattern of signs.
  private static func signedSums(_ values: ArraySlice<Double>) -> [Double] {
    values.reduce([0]) { sums, value in sums.flatMap { [$0 + value, $0 - value] } }
  }

  private static func drawnP(_ values: [Double], limit: Double) -> Double {
    var generator = SplitMix64(seed: 0)
    let extreme = (0..<drawnPatterns).count { _ in
      abs(values.reduce(0) { Bool.random(using: &generator) ? $0 + $1 : $0 - $1 }) >= limit
    }
    // The observed signs are one of the patterns.
    return Double(extreme + 1) / Double(drawnPatterns + 1)
  }
}
