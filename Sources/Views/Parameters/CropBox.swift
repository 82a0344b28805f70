/// A rectangle of a source image, in whole pixels.
public struct CropBox: Codable, Sendable, Hashable {
  /// Rows above the box.
  public var top: Int
  /// Columns to the left of the box.
  public var left: Int
  /// Rows in the box.
  public var height: Int
  /// Columns in the box.
  public var width: Int

  /// A box of `height` × `width` pixels whose first pixel is at row `top`, column `left`.
  public init(top: Int, left: Int, height: Int, width: Int) {
    self.top = top
    self.left = left
    self.height = height
    self.width = width
  }

  /// The box in an image whose sides are `numerator` / `denominator` of this one's, each edge rounded.
  func scaled(by numerator: Int, over denominator: Int) -> CropBox {
    func scaled(_ edge: Int) -> Int { (2 * edge * numerator + denominator) / (2 * denominator) }
    let (top, left) = (scaled(top), scaled(left))
    return CropBox(
      top: top, left: left, height: scaled(self.top + height) - top, width: scaled(self.left + width) - left)
  }

  /// Pixels in the box.
  public var area: Int { height * width }

  /// Pixels that both boxes hold.
  public func intersectionArea(with other: CropBox) -> Int {
    let rows = min(top + height, other.top + other.height) - max(top, other.top)
    let columns = min(left + width, other.left + other.width) - max(left, other.left)
    return max(0, rows) * max(0, columns)
  }

  /// The shared pixels as a fraction, from 0 to 1, of the pixels in either box; 0 when both are empty.
  public func intersectionOverUnion(with other: CropBox) -> Double {
    let shared = intersectionArea(with: other)
    let union = area + other.area - shared
    return union == 0 ? 0 : Double(shared) / Double(union)
  }
}
