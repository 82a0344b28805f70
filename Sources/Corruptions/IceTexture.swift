import Glibc

/// The brightness of a pane covered with ice, made from random numbers: cells of thin ice under feathers of crystals.
///
/// It stands in for the photographs of frost of ImageNet-C, and has about their mean and standard deviation.
struct IceTexture {
  /// `width × height` shares of white, rows from top to bottom.
  private(set) var brightness: [Float]

  /// How bright red, green and blue of the ice are, of mean 1.
  static let tints = [0.89, 1.02, 1.09]
  /// Mean and standard deviation, those of the photographs.
  static let (mean, deviation) = (0.64, 0.13)

  /// Ice on a pane of a size in pixels.
  init(width: Int, height: Int, using draws: inout some CorruptionDraws) {
    brightness = [Float](repeating: 0, count: width * height)
    // The ridges of two height maps are the edges of cells.
    let coarse = PlasmaFractal(covering: width, height, decay: 2.2, using: &draws)
    let fine = PlasmaFractal(covering: width, height, decay: 1.6, using: &draws)
    for y in 0..<height {
      for x in 0..<width {
        let ridge = 1 - abs(4 * coarse[y, x] - 2 * (4 * coarse[y, x] / 2).rounded())
        brightness[y * width + x] = Float(0.5 * coarse[y, x] + 0.35 * pow(ridge, 4) + 0.5 * fine[y, x])
      }
    }
    let side = Double(max(width, height))
    for _ in 0..<14 {
      addFeather(
        x: draws.uniform(0, Double(width)), y: draws.uniform(0, Double(height)),
        angle: draws.uniform(0, 2 * Double.pi), length: side * draws.uniform(0.2, 0.7), width: width, height: height,
        using: &draws)
    }
    standardize()
  }

  /// A crystal with branches at 60 degrees, which become shorter towards the tip.
  private mutating func addFeather(
    x: Double, y: Double, angle: Double, length: Double, width: Int, height: Int,
    using draws: inout some CorruptionDraws
  ) {
    addNeedle(x, y, angle, length, 0.5, width, height)
    let spacing = max(2, length / 24)
    for distance in stride(from: spacing, to: length, by: spacing) {
      for side in [-1.0, 1.0] {
        let reach = (length - distance) * 0.45 * draws.uniform(0.5, 1)
        addNeedle(
          x + distance * cos(angle), y + distance * sin(angle), angle + side * Double.pi / 3, reach, 0.35, width, height
        )
      }
    }
  }

  /// A line of one pixel that fades towards its end.
  private mutating func addNeedle(
    _ x: Double, _ y: Double, _ angle: Double, _ length: Double, _ strength: Double, _ width: Int, _ height: Int
  ) {
    for distance in stride(from: 0, to: length, by: 0.5) {
      let (column, row) = (x + distance * cos(angle), y + distance * sin(angle))
      let (left, top) = (column.rounded(.down), row.rounded(.down))
      let light = 0.5 * strength * (1 - distance / length)
      for (dx, dy) in [(0.0, 0.0), (1, 0), (0, 1), (1, 1)] {
        let share = (1 - abs(column - left - dx)) * (1 - abs(row - top - dy))
        let (px, py) = (Int(left + dx), Int(top + dy))
        if (0..<width).contains(px), (0..<height).contains(py) { brightness[py * width + px] += Float(light * share) }
      }
    }
  }

  private mutating func standardize() {
    let count = Float(brightness.count)
    let mean = brightness.reduce(0, +) / count
    let variance = brightness.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
    let scale = variance > 0 ? Float(Self.deviation) / variance.squareRoot() : 0
    for place in brightness.indices {
      brightness[place] = min(max(Float(Self.mean) + (brightness[place] - mean) * scale, 0), 1)
    }
  }
}
