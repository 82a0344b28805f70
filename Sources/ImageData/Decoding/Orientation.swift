import Views

/// How a stored image must be turned to be upright: the values of the EXIF tag `Orientation`.
///
/// Each is a transposition or none, followed by a flip of the columns, of the rows, of both or of none.
enum Orientation: Int, CaseIterable {
  case upright = 1, mirrored, upsideDown, mirroredUpsideDown
  case transposed, turnRight, transversed, turnLeft

  /// The side, in pixels, of the squares that are turned one after the other.
  private static let tile = 64

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
    let pixels = [UInt8](unsafeUninitializedCapacity: image.pixels.count) { turned, count in
      image.pixels.withUnsafeBufferPointer { stored in
        let source = stored.baseAddress! + channels * first
        let target = turned.baseAddress!
        // In tiles, so that reading along the columns of a large image does not miss the cache at every pixel.
        for tileTop in stride(from: 0, to: height, by: Self.tile) {
          for tileLeft in stride(from: 0, to: width, by: Self.tile) {
            for row in tileTop..<min(height, tileTop + Self.tile) {
              var from = source + channels * (row * downStep + tileLeft * acrossStep)
              var to = target + channels * (row * width + tileLeft)
              for _ in tileLeft..<min(width, tileLeft + Self.tile) {
                to[0] = from[0]
                if channels == 3 {
                  to[1] = from[1]
                  to[2] = from[2]
                } else {
                  for channel in 1..<max(1, channels) { to[channel] = from[channel] }
                }
                from += channels * acrossStep
                to += channels
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
