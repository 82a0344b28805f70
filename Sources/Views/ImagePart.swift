/// Decoded pixels of an image: of all of it or of a part, in its own or in a reduced resolution.
public struct ImagePart: Sendable, Equatable {
  /// The pixels.
  public let image: Image
  /// Width of the whole image at its own resolution, in pixels: what crops are drawn on.
  public let sourceWidth: Int
  /// Height of the whole image at its own resolution, in pixels.
  public let sourceHeight: Int
  /// Pixels of the whole image along each axis that became one: 1, 2, 4 or 8.
  public let reduction: Int
  /// Rows of the whole reduced image above the part.
  public let top: Int
  /// Columns of the whole reduced image to the left of the part.
  public let left: Int

  /// Wraps a part of an image of `sourceWidth` × `sourceHeight` pixels.
  ///
  /// Traps when the reduction is not positive or the part is not inside the reduced image, whose last row and column
  /// may stand for fewer source pixels than the others.
  public init(_ image: Image, ofWidth sourceWidth: Int, height sourceHeight: Int, reduction: Int, top: Int, left: Int) {
    precondition(reduction > 0, "A reduction is 1, 2, 4 or 8; got \(reduction).")
    precondition(
      top >= 0 && left >= 0 && top + image.height <= (sourceHeight + reduction - 1) / reduction
        && left + image.width <= (sourceWidth + reduction - 1) / reduction,
      "A part of \(image.width)×\(image.height) pixels at row \(top), column \(left) is not inside an image of "
        + "\(sourceWidth)×\(sourceHeight) pixels reduced by \(reduction).")
    self.image = image
    self.sourceWidth = sourceWidth
    self.sourceHeight = sourceHeight
    self.reduction = reduction
    self.top = top
    self.left = left
  }

  /// A whole image as it is.
  public init(_ image: Image) {
    self.init(image, ofWidth: image.width, height: image.height, reduction: 1, top: 0, left: 0)
  }
}
