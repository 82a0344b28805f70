import Foundation

/// Bootstrap intervals of the mean of the means of several strata; of the mean where there is one.
public enum Bootstrap {
  /// The bias-corrected and accelerated interval (BCa; Efron 1987), as `scipy.stats.bootstrap` computes it.
  ///
  /// Values are resampled within their stratum, as rliable does (arXiv 2108.13264).
  ///
  /// - Parameters:
  ///   - strata: The values of each stratum.
  ///   - level: The share of experiments in which the interval is to hold the true value.
  ///   - resamples: Samples that are drawn.
  ///   - seed: Decides the samples.
  /// - Returns: nil where a stratum has fewer than two values, or no value differs from the others of its stratum.
  public static func interval(
    of strata: [[Double]], level: Double = 0.95, resamples: Int = 10_000, seed: UInt64 = 0
  ) -> ConfidenceInterval? {
    guard !strata.isEmpty, strata.allSatisfy({ $0.count > 1 }) else { return nil }
    var generator = SplitMix64(seed: seed)
    let means = (0..<resamples).map { _ in
      let sums = strata.map { values in
        values.indices.reduce(0.0) { sum, _ in sum + values[Int.random(in: values.indices, using: &generator)] }
          / Double(values.count)
      }
      return mean(sums)
    }
    return interval(
      estimate: mean(strata.map(mean)), distribution: means, acceleration: acceleration(of: strata), level: level)
  }

  /// The interval by a bootstrap distribution; nil where that has no spread, or lies on one side of the estimate.
  static func interval(
    estimate: Double, distribution: [Double], acceleration: Double, level: Double
  ) -> ConfidenceInterval? {
    let sorted = distribution.sorted()
    guard let first = sorted.first, let last = sorted.last, last > first else { return nil }
    // Sums of the same values in another order differ by rounding.
    let rounding = 1e-12 * max(abs(first), abs(last))
    let below = sorted.count { $0 < estimate - rounding }
    let above = sorted.count { $0 > estimate + rounding }
    guard below < sorted.count, above < sorted.count else { return nil }
    let bias = StandardNormal.quantile(Double(sorted.count - above + below) / Double(2 * sorted.count))
    func end(_ probability: Double) -> Double {
      let shifted = bias + StandardNormal.quantile(probability)
      return quantile(StandardNormal.cumulative(bias + shifted / (1 - acceleration * shifted)), of: sorted)
    }
    return ConfidenceInterval(lower: end((1 - level) / 2), upper: end((1 + level) / 2))
  }

  /// How fast the standard error changes with the value, by leaving out each value in turn.
  static func acceleration(of strata: [[Double]]) -> Double {
    var (cubes, squares) = (0.0, 0.0)
    for values in strata {
      let (center, count) = (mean(values), Double(values.count))
      cubes += values.reduce(0) { $0 + pow($1 - center, 3) } / pow(count, 3)
      squares += values.reduce(0) { $0 + pow($1 - center, 2) } / pow(count, 2)
    }
    return squares > 0 ? cubes / (6 * pow(squares, 1.5)) : 0
  }

  /// The value below which a share of sorted values lies, with values between neighbors interpolated.
  private static func quantile(_ share: Double, of sorted: [Double]) -> Double {
    let place = share * Double(sorted.count - 1)
    let lower = Int(place.rounded(.down))
    let upper = min(lower + 1, sorted.count - 1)
    return sorted[lower] + (place - Double(lower)) * (sorted[upper] - sorted[lower])
  }
}

func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
