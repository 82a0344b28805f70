/// A square height map by the diamond-square algorithm on a torus, values from 0 to 1.
struct PlasmaFractal {
  /// A power of two.
  let side: Int
  /// `side × side` heights, rows from top to bottom.
  private(set) var heights: [Double]

  /// A map of a side that is a power of two, at least 2.
  ///
  /// - Parameter decay: By how much the random part becomes smaller whenever the squares are halved, above 1 for a smooth
  ///   map.
  init(side: Int, decay: Double, using draws: inout some CorruptionDraws) {
    precondition(side >= 2 && side & (side - 1) == 0, "a side of \(side) is no power of two")
    self.side = side
    heights = [Double](repeating: 0, count: side * side)
    var (step, amplitude) = (side, 100.0)
    while step >= 2 {
      fill(step, amplitude, using: &draws)
      step /= 2
      amplitude /= decay
    }
    let (low, high) = (heights.min()!, heights.max()!)
    let range = high > low ? high - low : 1
    for place in heights.indices { heights[place] = (heights[place] - low) / range }
  }

  /// The smallest map that covers an image of these sides.
  init(covering width: Int, _ height: Int, decay: Double, using draws: inout some CorruptionDraws) {
    var side = 2
    while side < max(width, height) { side *= 2 }
    self.init(side: side, decay: decay, using: &draws)
  }

  subscript(row: Int, column: Int) -> Double { heights[row * side + column] }

  private mutating func fill(_ step: Int, _ amplitude: Double, using draws: inout some CorruptionDraws) {
    let (half, side) = (step / 2, side)
    func height(_ row: Int, _ column: Int) -> Double { heights[(row & (side - 1)) * side + (column & (side - 1))] }
    func mean(_ first: Double, _ second: Double, _ third: Double, _ fourth: Double) -> Double {
      (first + second + third + fourth) / 4 + amplitude * draws.uniform(-amplitude, amplitude)
    }
    let places = stride(from: 0, to: side, by: step)
    for y in places {
      for x in places {
        heights[(y + half) * side + x + half] = mean(
          height(y, x), height(y + step, x), height(y, x + step), height(y + step, x + step))
      }
    }
    for y in places {
      for x in places {
        heights[y * side + x + half] = mean(
          height(y + half, x + half), height(y - half, x + half), height(y, x), height(y, x + step))
      }
    }
    for y in places {
      for x in places {
        heights[(y + half) * side + x] = mean(
          height(y + half, x + half), height(y + half, x - half), height(y, x), height(y + step, x))
      }
    }
  }
}
