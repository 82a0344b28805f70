import Foundation
import Views

/// Draws the blocks of patches that iBOT hides from its student (Zhou and others 2022, arXiv 2111.07832, after BEiT).
struct BlockMasks: Sendable {
  /// The probability that a view is masked at all.
  var probability: Double
  /// The smallest and largest share of the patches that is hidden of a masked view.
  var ratio: [Double]

  /// Which patches of a `side` × `side` grid are hidden, row by row.
  ///
  /// Blocks of random area and aspect ratio are added until the drawn share is reached or none fits any more.
  func draw(side: Int, using random: inout some RandomNumberGenerator) -> [Bool] {
    var mask = [Bool](repeating: false, count: side * side)
    guard Double.random(in: 0..<1, using: &random) < probability else { return mask }
    let high = Double.random(in: ratio[0]...ratio[1], using: &random) * Double(side * side)
    var hidden = 0
    while Double(hidden) < high {
      let added = addBlock(to: &mask, side: side, atMost: Int(high) - hidden, using: &random)
      if added == 0 { break }
      hidden += added
    }
    return mask
  }

  /// Hides one more block; returns how many patches it newly hides, 0 when ten attempts failed.
  private func addBlock(
    to mask: inout [Bool], side: Int, atMost limit: Int, using random: inout some RandomNumberGenerator
  ) -> Int {
    let smallest = pow(Double(side / 3), 2)
    for _ in 0..<10 {
      let bounds = [smallest, Double(limit)].sorted()
      let area = Double.random(in: bounds[0]...bounds[1], using: &random)
      let aspect = exp(Double.random(in: log(0.3)...log(1 / 0.3), using: &random))
      let height = Int((area * aspect).squareRoot().rounded())
      let width = Int((area / aspect).squareRoot().rounded())
      guard height < side, width < side else { continue }
      let top = Int.random(in: 0...(side - height), using: &random)
      let left = Int.random(in: 0...(side - width), using: &random)
      let patches = (top..<top + height).flatMap { row in (left..<left + width).map { row * side + $0 } }
      let fresh = patches.filter { !mask[$0] }
      if fresh.isEmpty || fresh.count > limit { continue }
      for patch in fresh { mask[patch] = true }
      return fresh.count
    }
    return 0
  }
}
