import Foundation
import Views

/// Draws the blocks of patches that iBOT hides from its student (Zhou and others 2022, arXiv 2111.07832, after BEiT).
public struct BlockMasks: Sendable {
  /// The probability that a view is masked at all.
  public var probability: Double
  /// The smallest and largest share of the patches that is hidden of a masked view.
  public var ratio: [Double]

  /// Masks a share of views by blocks.
  public init(probability: Double, ratio: [Double]) {
    self.probability = probability
    self.ratio = ratio
  }

  /// Which patches of a `side` × `side` grid are hidden, row by row.
  ///
  /// Blocks of random area and aspect ratio are added until the drawn share is reached or none fits any more.
  public func draw(side: Int, using random: inout ViewRandom) -> [Bool] {
    var mask = [Bool](repeating: false, count: side * side)
    guard random.uniform() < probability else { return mask }
    let high = random.uniform(in: ratio[0]...ratio[1]) * Double(side * side)
    var hidden = 0
    while Double(hidden) < high {
      let added = addBlock(to: &mask, side: side, atMost: high - Double(hidden), using: &random)
      if added == 0 { break }
      hidden += added
    }
    return mask
  }

  /// Hides one more block; returns how many patches it newly hides, 0 when ten attempts failed.
  private func addBlock(
    to mask: inout [Bool], side: Int, atMost limit: Double, using random: inout ViewRandom
  ) -> Int {
    let smallest = pow(Double(side / 3), 2)
    for _ in 0..<10 {
      let bounds = [smallest, limit].sorted()
      let area = random.uniform(in: bounds[0]...bounds[1])
      let aspect = exp(random.uniform(in: log(0.3)...log(1 / 0.3)))
      let height = Int((area * aspect).squareRoot().rounded())
      let width = Int((area / aspect).squareRoot().rounded())
      guard height < side, width < side else { continue }
      let top = random.integer(below: side - height + 1)
      let left = random.integer(below: side - width + 1)
      let patches = (top..<top + height).flatMap { row in (left..<left + width).map { row * side + $0 } }
      let fresh = patches.filter { !mask[$0] }
      if fresh.isEmpty || Double(fresh.count) > limit { continue }
      for patch in fresh { mask[patch] = true }
      return fresh.count
    }
    return 0
  }
}
