/// A part of an image at its own and at halved resolutions, made when they are first needed.
///
/// For views that are rendered smaller than their recipe says: a view is made from the coarsest pixels that leave its
/// crop enough of them, which is several times faster than from all pixels and looks nearly the same.
public struct ImagePyramid {
  private var levels: [ImagePart]

  /// The resolutions of a part.
  public init(_ part: ImagePart) {
    levels = [part]
  }

  /// The coarsest resolution that leaves a crop at least `margin` times as wide and high as a view of `size` × `size`
  /// pixels; the part as it is when the margin is 0.
  public mutating func part(for crop: CropBox, size: Int, margin: Double) -> ImagePart {
    guard margin > 0 else { return levels[0] }
    let finest = Double(min(crop.width, crop.height)) / (Double(size) * margin)
    var level = 0
    while 2 * Double(levels[level].reduction) <= finest {
      if level + 1 == levels.count {
        guard let halved = levels[level].halved() else { break }
        levels.append(halved)
      }
      guard levels[level + 1].holds(crop) else { break }
      level += 1
    }
    return levels[level]
  }
}

extension ImagePart {
  /// Whether every pixel that the crop touches is at hand.
  func holds(_ crop: CropBox) -> Bool {
    crop.top >= top * reduction && crop.left >= left * reduction
      && crop.top + crop.height <= (top + image.height) * reduction
      && crop.left + crop.width <= (left + image.width) * reduction
  }
}
