import Glibc

extension Planes {
  /// Adds normal noise.
  mutating func addNormalNoise(deviation: Double, using draws: inout some CorruptionDraws) {
    forEachValue { $0 += Float(deviation * draws.normal()) }
  }

  /// Replaces values by the share of so many photons that arrive.
  mutating func addShotNoise(_ table: PoissonTable, using draws: inout some CorruptionDraws) {
    forEachValue { $0 = table.draw(for: UInt8(($0 * 255).rounded()), using: &draws) }
  }

  /// Makes a share of the values black or white.
  mutating func addImpulses(share: Double, using draws: inout some CorruptionDraws) {
    var isHit: [Bool] = []
    isHit.reserveCapacity(values.count)
    forEachValue { _ in isHit.append(draws.uniform() <= share) }
    var place = 0
    forEachValue { value in
      let isWhite = draws.uniform() <= 0.5
      if isHit[place] { value = isWhite ? 1 : 0 }
      place += 1
    }
  }

  /// Goes through rows, columns and channels in this order, as random numbers are drawn.
  @inline(__always)
  mutating func forEachValue(_ body: (inout Float) -> Void) {
    let (count, channels) = (planeCount, channels)
    values.withUnsafeMutableBufferPointer { values in
      for place in 0..<count {
        for channel in 0..<channels { body(&values[channel * count + place]) }
      }
    }
  }
}

/// Poisson-distributed counts for each of the 256 values of a pixel, drawn by inverting the distribution.
struct PoissonTable: Sendable {
  /// Cumulative probabilities of the counts 0, 1, …; for each pixel value.
  private let cumulative: [[Double]]
  private let photons: Double

  /// Counts of which white has a mean of `photons`.
  init(photons: Double) {
    self.photons = photons
    cumulative = (0..<256).map { value in
      let mean = Double(value) / 255 * photons
      var (probability, sum, count) = (exp(-mean), 0.0, 0.0)
      var table: [Double] = []
      // What is left out has a probability far below that of any number that is drawn.
      while count <= mean || probability > 1e-18 {
        sum += probability
        table.append(sum)
        count += 1
        probability *= mean / count
      }
      return table
    }
  }

  /// A count for a pixel value, as a share of white's mean.
  func draw(for value: UInt8, using draws: inout some CorruptionDraws) -> Float {
    let table = cumulative[Int(value)]
    let level = draws.uniform()
    var (low, high) = (0, table.count - 1)
    while low < high {
      let middle = (low + high) / 2
      if table[middle] < level { low = middle + 1 } else { high = middle }
    }
    return Float(Double(low) / photons)
  }
}
