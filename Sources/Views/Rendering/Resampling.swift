/// A part of an image and the size it is resampled to.
package struct Resampling {
  /// The pixels of the image that are seen; those outside never contribute.
  package var box: CropBox
  /// Where the rows to be resized lie among those of `box`: all of them, unless crops cut through pixels.
  package var rowSpan: Span
  /// Where the columns to be resized lie among those of `box`.
  package var columnSpan: Span
  /// Height and width the whole box is resized to.
  package var fullSize: (height: Int, width: Int)
  /// The rows of the resized box that are wanted.
  package var rows: Range<Int>
  /// The columns of the resized box that are wanted.
  package var columns: Range<Int>
  /// The filter.
  package var interpolation: Interpolation
  /// Whether the result is mirrored left to right.
  package var isFlipped = false
  /// Whether rows are blended first wherever that is less work, although Pillow would not.
  ///
  /// Values are then rounded in another order and may differ by 1, and where the cubic filter overshoots by a little more.
  var prefersSpeed = false

  /// The whole box, resized to `height` × `width`.
  package init(_ box: CropBox, height: Int, width: Int, interpolation: Interpolation, isFlipped: Bool = false) {
    self.box = box
    rowSpan = Span(start: 0, length: Double(box.height))
    columnSpan = Span(start: 0, length: Double(box.width))
    fullSize = (height, width)
    rows = 0..<height
    columns = 0..<width
    self.interpolation = interpolation
    self.isFlipped = isFlipped
  }

  /// A crop of an image of which `part` is at hand, resized to `height` × `width`.
  ///
  /// Traps when the part does not hold the crop.
  package init(
    _ crop: CropBox, of part: ImagePart, height: Int, width: Int, interpolation: Interpolation, isFlipped: Bool
  ) {
    let rows = Span.Placed(
      crop.top, count: crop.height, reduction: part.reduction, first: part.top, available: part.image.height)
    let columns = Span.Placed(
      crop.left, count: crop.width, reduction: part.reduction, first: part.left, available: part.image.width)
    guard let rows, let columns else {
      preconditionFailure(
        "The crop \(crop) is not inside the part of \(part.image.width)×\(part.image.height) pixels at row \(part.top), "
          + "column \(part.left) of an image of \(part.sourceWidth)×\(part.sourceHeight) pixels reduced by "
          + "\(part.reduction).")
    }
    self.init(
      CropBox(
        top: rows.pixels.lowerBound, left: columns.pixels.lowerBound, height: rows.pixels.count,
        width: columns.pixels.count),
      height: height, width: width, interpolation: interpolation, isFlipped: isFlipped)
    rowSpan = rows.span
    columnSpan = columns.span
  }

  /// Whether rows are blended before columns, which decides what is rounded and clamped first.
  ///
  /// Pillow 13 does so when it shrinks the height, and by more than twice as many pixels as the width.
  package var blendsRowsFirst: Bool {
    let (lostRows, lostColumns) = (box.height - fullSize.height, box.width - fullSize.width)
    return lostRows > (prefersSpeed ? 0 : max(0, 2 * lostColumns))
  }
}

/// A stretch of an axis, in pixels that may be fractions.
package struct Span: Equatable {
  /// Where it starts, counted from the first pixel that may be used; at least 0 and less than 1.
  var start: Double
  /// How long it is, above 0.
  var length: Double

  /// A stretch of whole source pixels among the pixels of a part.
  struct Placed {
    /// The pixels of the part that the stretch touches.
    let pixels: Range<Int>
    /// Where the stretch lies among them.
    let span: Span

    /// Places `count` source pixels from `start` on; nil where the part does not hold them.
    ///
    /// The part has `available` pixels, each of `reduction` source pixels, the first of which is number `first`.
    init?(_ start: Int, count: Int, reduction: Int, first: Int, available: Int) {
      let end = start + count
      pixels = (start / reduction - first)..<((end + reduction - 1) / reduction - first)
      guard count > 0, pixels.lowerBound >= 0, pixels.upperBound <= available else { return nil }
      span = Span(
        start: Double(start % reduction) / Double(reduction), length: Double(count) / Double(reduction))
    }
  }
}
