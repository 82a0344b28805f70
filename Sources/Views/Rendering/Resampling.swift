/// A part of an image and the size it is resampled to.
package struct Resampling {
  /// The part of the image that is seen; pixels outside of it never contribute.
  package var box: CropBox
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

  /// The whole box, resized to `height` × `width`.
  package init(_ box: CropBox, height: Int, width: Int, interpolation: Interpolation, isFlipped: Bool = false) {
    self.box = box
    fullSize = (height, width)
    rows = 0..<height
    columns = 0..<width
    self.interpolation = interpolation
    self.isFlipped = isFlipped
  }

  /// Whether rows are blended before columns, which decides what is rounded and clamped first.
  ///
  /// Pillow 13 does so when it shrinks the height, and by more than twice as many pixels as the width.
  var blendsRowsFirst: Bool {
    let (lostRows, lostColumns) = (box.height - fullSize.height, box.width - fullSize.width)
    return lostRows > 0 && lostRows > 2 * lostColumns
  }
}
