import Foundation
import Statistics
import Views

/// 95 % intervals of measures: where they would lie for other test images of the same kind.
///
/// They cover the choice of test images only, not that of the training images, the seed or the pretraining.
extension ConfidenceInterval {
  /// Wilson's score interval of a share, `hits` of `images` (at least one); within 0…1, and of positive width also where
  /// all or none are hits (Wilson 1927).
  public static func wilson(_ hits: Int, of images: Int) -> ConfidenceInterval {
    precondition(images > 0 && (0...images).contains(hits), "\(hits) of \(images) is no share")
    let (n, z) = (Double(images), 1.959963984540054)
    let share = Double(hits) / n
    let center = (share + z * z / (2 * n)) / (1 + z * z / n)
    let half = z / (1 + z * z / n) * (share * (1 - share) / n + z * z / (4 * n * n)).squareRoot()
    return ConfidenceInterval(
      lower: hits == 0 ? 0 : max(0, center - half), upper: hits == images ? 1 : min(1, center + half))
  }

  /// The interval of a mean over images by the percentile bootstrap (Efron 1979).
  ///
  /// - Parameter seed: Decides the resamples; the same values and seed give the same interval.
  public static func bootstrap(meanOf values: [Double], seed: UInt64 = 0) -> ConfidenceInterval {
    bootstrap(groups: [values.count], seed: seed) { counts in
      [zip(counts[0], values).reduce(0.0) { $0 + Double($1.0) * $1.1 } / Double(values.count)]
    }[0]
  }

  /// Intervals of several measures of the same images, each group of which is resampled on its own, with replacement.
  ///
  /// - Parameters:
  ///   - groups: How many images each group has, at least one.
  ///   - resamples: How many times the images are drawn.
  ///   - measures: Computes the measures from how often each image was drawn, group by group.
  static func bootstrap(
    groups: [Int], resamples: Int = 1000, seed: UInt64, _ measures: ([[Int]]) -> [Double]
  ) -> [ConfidenceInterval] {
    var drawn: [[Double]] = []
    for resample in 0..<resamples {
      var random = ViewRandom(seed: seed, epoch: resample, sample: 0, view: 0, stream: RandomStream.resampling)
      drawn.append(
        measures(
          groups.map { size in
            var counts = Array(repeating: 0, count: size)
            for _ in 0..<size { counts[random.integer(below: size)] += 1 }
            return counts
          }))
    }
    return drawn[0].indices.map { measure in
      let sorted = drawn.map { $0[measure] }.sorted()
      return ConfidenceInterval(lower: quantile(0.025, of: sorted), upper: quantile(0.975, of: sorted))
    }
  }

  /// The quantile of sorted values, linear between them.
  private static func quantile(_ share: Double, of sorted: [Double]) -> Double {
    let position = share * Double(sorted.count - 1)
    let below = Int(position)
    guard below + 1 < sorted.count else { return sorted[below] }
    return sorted[below] + (position - Double(below)) * (sorted[below + 1] - sorted[below])
  }
}
