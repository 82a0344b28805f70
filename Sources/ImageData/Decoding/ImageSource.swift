import Views

/// One image whose size is known and whose pixels can be asked for.
///
/// What is drawn about a view depends on the size alone, so views are drawn first and then only those pixels are
/// decoded that they show.
public protocol ImageSource {
  /// Width in pixels, upright.
  var width: Int { get }
  /// Height in pixels, upright.
  var height: Int { get }

  /// At least the pixels that are needed, at no lower resolution than is needed.
  ///
  /// Every pixel is the one that the whole image has at that resolution.
  func pixels(_ need: PixelNeed) throws(ImageError) -> ImagePart

  /// A number that is the same for the same file or stored pixels, and hardly ever for others; nil where it is not known.
  var fingerprint: UInt64? { get }
}

extension ImageSource {
  /// Not known.
  public var fingerprint: UInt64? { nil }

  /// The whole image at its own resolution.
  public func wholeImage() throws(ImageError) -> Image { try pixels(.everything(width: width, height: height)).image }
}

/// Which pixels of an image are needed, and how fine.
public struct PixelNeed: Sendable, Equatable {
  /// The smallest rectangle that is needed, in pixels of the whole image.
  public let box: CropBox
  /// How many neighboring pixels along each axis may be seen as one: 1, 2, 4 or 8.
  public let reduction: Int

  /// Asks for a rectangle, whose pixels may be seen `reduction` × `reduction` as one.
  public init(box: CropBox, reduction: Int = 1) {
    self.box = box
    self.reduction = reduction
  }

  /// Every pixel of an image.
  public static func everything(width: Int, height: Int) -> PixelNeed {
    PixelNeed(box: CropBox(top: 0, left: 0, height: height, width: width))
  }

  /// What crops need that are rendered at `size` × `size` pixels.
  ///
  /// The reduction is the largest that leaves every crop at least `margin` times as wide and high as its view; a margin
  /// of 0 asks for none.
  public init(crops: [CropBox], size: Int, margin: Double) {
    let top = crops.map(\.top).min() ?? 0
    let left = crops.map(\.left).min() ?? 0
    let bottom = crops.map { $0.top + $0.height }.max() ?? 0
    let right = crops.map { $0.left + $0.width }.max() ?? 0
    let smallest = crops.map { min($0.width, $0.height) }.min() ?? 0
    let finest = margin > 0 ? Double(smallest) / (Double(size) * margin) : 1
    self.init(
      box: CropBox(top: top, left: left, height: bottom - top, width: right - left),
      reduction: [8, 4, 2].first { Double($0) <= finest } ?? 1)
  }
}

extension PixelNeed {
  /// The need of both.
  public func union(_ other: PixelNeed) -> PixelNeed {
    let (top, left) = (min(box.top, other.box.top), min(box.left, other.box.left))
    let bottom = max(box.top + box.height, other.box.top + other.box.height)
    let right = max(box.left + box.width, other.box.left + other.box.width)
    return PixelNeed(
      box: CropBox(top: top, left: left, height: bottom - top, width: right - left),
      reduction: min(reduction, other.reduction))
  }
}

/// An image that is held decoded.
extension Image: ImageSource {
  /// The whole image, whatever is needed.
  public func pixels(_ need: PixelNeed) -> ImagePart { ImagePart(self) }

  /// That of its pixels.
  public var fingerprint: UInt64? { ImageData.fingerprint(of: pixels) }
}
