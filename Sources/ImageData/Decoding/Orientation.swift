import Views

/// How a stored image must be turned to be upright: the values of the EXIF tag `Orientation`.
///
/// Each is a transposition or none, followed by a flip of the columns, of the rows, of both or of none.
enum Orientation: Int, CaseIterable {
  case upright = 1, mirrored, upsideDown, mirroredUpsideDown
  case transposed, turnRight, transversed, turnLeft

  var isTransposed: Bool { rawValue >= Orientation.transposed.rawValue }

  var flipsColumns: Bool {
    switch self {
    case .mirrored, .upsideDown, .turnRight, .transversed: true
    default: false
    }
  }

  var flipsRows: Bool {
    switch self {
    case .upsideDown, .mirroredUpsideDown, .transversed, .turnLeft: true
    default: false
    }
  }

  /// Where a box of an upright image of `width` × `height` pixels lies in the stored image.
  func storedBox(_ box: CropBox, width: Int, height: Int) -> CropBox {
    let top = flipsRows ? height - box.top - box.height : box.top
    let left = flipsColumns ? width - box.left - box.width : box.left
    return isTransposed
      ? CropBox(top: left, left: top, height: box.width, width: box.height)
      : CropBox(top: top, left: left, height: box.height, width: box.width)
  }

  /// Turns a part of the stored image upright.
  ///
  /// The reduction divides the sides along which the image is flipped.
  func upright(_ part: ImagePart) -> ImagePart {
    guard self != .upright else { return part }
    let image = turned(part.image)
    let (sourceWidth, sourceHeight, top, left) =
      isTransposed
      ? (part.sourceHeight, part.sourceWidth, part.left, part.top)
      : (part.sourceWidth, part.sourceHeight, part.top, part.left)
    return ImagePart(
      image, ofWidth: sourceWidth, height: sourceHeight, reduction: part.reduction,
      top: flipsRows ? sourceHeight / part.reduction - top - image.height : top,
      left: flipsColumns ? sourceWidth / part.reduction - left - image.width : left)
  }

  /// The pixels of an image in their upright order.
  private func turned(_ image: Image) -> Image {
    let channels = image.channels
    let (width, height) = isTransposed ? (image.height, image.width) : (image.width, image.height)
    var (acrossStep, downStep) = isTransposed ? (image.width, 1) : (1, image.width)
    var first = 0
    if flipsColumns {
      first += (width - 1) * acrossStep
      acrossStep = -acrossStep
    }
    if flipsRows {
      first += (height - 1) * downStep
      downStep = -downStep
    }
    // In tiles, so that reading along the columns of a large image does not miss the cache at every pixel.
    let tile = 64
    let pixels = [UInt8](unsafeUninitializedCapacity: image.pixels.count) { turned, count in
      image.pixels.withUnsafeBufferPointer { stored in
        for tileTop in stride(from: 0, to: height, by: tile) {
          for tileLeft in stride(from: 0, to: width, by: tile) {
            for row in tileTop..<min(height, tileTop + tile) {
              for column in tileLeft..<min(width, tileLeft + tile) {
                let source = channels * (first + row * downStep + column * acrossStep)
                let target = channels * (row * width + column)
                for channel in 0..<channels { turned[target + channel] = stored[source + channel] }
              }
            }
          }
        }
      }
      count = image.pixels.count
    }
    return Image(width: width, height: height, channels: channels, pixels: pixels)
  }
}
