import Glibc
import Views

extension Planes {
  /// Blurs with a sampled Gaussian cut at four standard deviations, the border repeated, as SciPy's `gaussian_filter`
  /// with `mode="nearest"`.
  mutating func blurGaussian(sigma: Double) {
    let kernel = gaussianWeights(sigma: sigma, radius: Int(4 * sigma + 0.5))
    let reach = kernel.count / 2
    guard reach > 0 else { return }
    let taps = kernel.enumerated().map { offset, weight in
      Tap(dx: 0, dy: offset - reach, weight: Float(weight))
    }
    convolve(taps, border: clamped)
    convolve(taps.map { Tap(dx: $0.dy, dy: 0, weight: $0.weight) }, border: clamped)
  }

  /// One summand of a convolution: the value `dx` to the right and `dy` below counts `weight` times.
  struct Tap {
    var dx, dy: Int
    var weight: Float
  }

  /// Replaces every value by a weighted sum of values around it; `border` finds the place that stands for one outside.
  mutating func convolve(_ taps: [Tap], border: (Int, Int) -> Int) {
    let reach = taps.map { max(abs($0.dx), abs($0.dy)) }.max() ?? 0
    let (width, height) = (width, height)
    let padded = (width: width + 2 * reach, height: height + 2 * reach)
    let columns = (0..<padded.width).map { border($0 - reach, width) }
    let rows = (0..<padded.height).map { border($0 - reach, height) }
    let count = planeCount
    var source = [Float](repeating: 0, count: padded.width * padded.height)
    for channel in 0..<channels {
      source.withUnsafeMutableBufferPointer { source in
        values.withUnsafeMutableBufferPointer { values in
          let plane = values.baseAddress! + channel * count
          for (y, row) in rows.enumerated() {
            let target = source.baseAddress! + y * padded.width
            for (x, column) in columns.enumerated() { target[x] = plane[row * width + column] }
          }
          for y in 0..<height {
            let target = plane + y * width
            target.update(repeating: 0, count: width)
            for tap in taps {
              let start = source.baseAddress! + (y + reach + tap.dy) * padded.width + reach + tap.dx
              let weight = tap.weight
              for x in 0..<width { target[x] += weight * start[x] }
            }
          }
        }
      }
    }
  }
}

/// The weights of a Gaussian at −radius…radius, of sum 1; a single 1 where the radius is 0.
func gaussianWeights(sigma: Double, radius: Int) -> [Double] {
  guard radius > 0 else { return [1] }
  let weights = (-radius...radius).map { exp(-0.5 * Double($0 * $0) / (sigma * sigma)) }
  let total = weights.reduce(0, +)
  return weights.map { $0 / total }
}
