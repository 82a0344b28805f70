import Glibc
import Views

extension Planes {
  /// A disk of sum 1 on 17 pixels, or as many as it needs, smoothed by a Gaussian of 3 pixels, or 5 for a large disk.
  static func disk(radius: Double, aliasBlur: Double) -> [Tap] {
    let isLarge = radius > 8
    let half = isLarge ? Int(radius) : 8
    let side = 2 * half + 1
    var disk = Planes(width: side, height: side, channels: 1)
    for y in -half...half {
      for x in -half...half where Double(x * x + y * y) <= radius * radius {
        disk.values[(y + half) * side + x + half] = 1
      }
    }
    let total = disk.values.reduce(0, +)
    disk.map { $0 / total }
    let reach = isLarge ? 2 : 1
    let kernel = gaussianWeights(sigma: aliasBlur, radius: reach).map(Float.init)
    disk.convolve(kernel.enumerated().map { Tap(dx: $0 - reach, dy: 0, weight: $1) }, border: reflected)
    disk.convolve(kernel.enumerated().map { Tap(dx: 0, dy: $0 - reach, weight: $1) }, border: reflected)
    return disk.values.enumerated().compactMap { place, weight in
      weight > 1e-9 ? Tap(dx: place % side - half, dy: place / side - half, weight: weight) : nil
    }
  }

  /// Blurs, lets every pixel take the color of a random neighbor, and blurs again.
  ///
  /// The published code means to swap the two, but NumPy's views make it a copy; so was ImageNet-C made, and so is this.
  mutating func blurGlass(sigma: Double, reach: Int, iterations: Int, using draws: inout some CorruptionDraws) {
    blurGaussian(sigma: sigma)
    quantize()
    let (width, height, count, channels) = (width, height, planeCount, channels)
    values.withUnsafeMutableBufferPointer { values in
      for _ in 0..<iterations {
        for y in stride(from: height - reach, to: reach, by: -1) {
          for x in stride(from: width - reach, to: reach, by: -1) {
            let dx = draws.integer(-reach, reach)
            let dy = draws.integer(-reach, reach)
            for channel in 0..<channels {
              let plane = channel * count
              values[plane + y * width + x] = values[plane + (y + dy) * width + x + dx]
            }
          }
        }
      }
    }
    blurGaussian(sigma: sigma)
  }

  /// The trail of a motion in a direction: half a Gaussian from each pixel on, the border repeated.
  ///
  /// - Parameters:
  ///   - radius: The trail has one more than twice as many pixels.
  ///   - sigma: The standard deviation of the Gaussian in pixels.
  ///   - angle: The direction in degrees.
  mutating func blurMotion(radius: Int, sigma: Double, angle: Double) {
    let count = 2 * radius + 1
    let weights = (0..<count).map { exp(-Double($0 * $0) / (2 * sigma * sigma)) }
    let total = weights.reduce(0, +)
    let radians = angle * Double.pi / 180
    let (down, right) = (Double(count) * sin(radians), Double(count) * cos(radians))
    let length = hypot(down, right)
    var taps: [Tap] = []
    for (place, weight) in weights.enumerated() {
      let dy = Int((Double(place) * down / length - 0.5).rounded(.up))
      let dx = Int((Double(place) * right / length - 0.5).rounded(.up))
      if abs(dy) >= height || abs(dx) >= width { break }
      taps.append(Tap(dx: dx, dy: dy, weight: Float(weight / total)))
    }
    convolve(taps, border: clamped)
  }

  /// The mean of the image and of its middle magnified 1, 1 + step, … times, up to but not including `end`.
  mutating func blurZoom(end: Double, step: Double) {
    let factors = (0..<Int(((end - 1) / step).rounded(.up))).map { 1 + Double($0) * ((1 + step) - 1) }
    var sum = self
    for factor in factors {
      let layer = magnified(factor)
      for place in sum.values.indices { sum.values[place] += layer.values[place] }
    }
    let divisor = Float(factors.count + 1)
    sum.map { $0 / divisor }
    self = sum
  }

  /// The middle, magnified to the whole by linear interpolation between the centers of the outermost pixels.
  func magnified(_ factor: Double) -> Planes {
    if factor == 1 { return self }
    let (columns, rows) = (Magnification(width, factor), Magnification(height, factor))
    var result = Planes(like: self)
    let (width, height, count) = (width, height, planeCount)
    var line = [Float](repeating: 0, count: width)
    for channel in 0..<channels {
      for y in 0..<height {
        let first = channel * count + rows.first[y] * width
        let second = channel * count + rows.second[y] * width
        for x in 0..<width {
          line[x] = values[first + x] + rows.weight[y] * (values[second + x] - values[first + x])
        }
        for x in 0..<width {
          let value = line[columns.first[x]]
          result.values[channel * count + y * width + x] =
            value + columns.weight[x] * (line[columns.second[x]] - value)
        }
      }
    }
    return result
  }

  /// Which two pixels along an axis each magnified pixel lies between, and how far behind the first.
  private struct Magnification {
    var first: [Int] = []
    var second: [Int] = []
    var weight: [Float] = []

    init(_ count: Int, _ factor: Double) {
      let part = Int((Double(count) / factor).rounded(.up))
      let start = (count - part) / 2
      let whole = Int((Double(part) * factor).rounded(.toNearestOrEven))
      let left = (whole - count) / 2
      let step = whole > 1 ? Double(part - 1) / Double(whole - 1) : 0
      for place in left..<(left + count) {
        let position = min(Double(place) * step, Double(part - 1))
        let whole = Int(position)
        first.append(start + whole)
        second.append(start + min(whole + 1, part - 1))
        weight.append(Float(position - Double(whole)))
      }
    }
  }
}
