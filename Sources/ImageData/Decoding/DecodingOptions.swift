/// How encoded images are found and read.
public struct DecodingOptions: Sendable, Equatable {
  /// The most pixels an image may have unless told otherwise: 178,956,970, above which Pillow suspects a bomb.
  public static let defaultPixelLimit = 178_956_970

  /// The most pixels that an image's header may announce; more are refused before they are allocated.
  public var pixelLimit: Int
  /// Whether the image is turned upright as its EXIF orientation says.
  ///
  /// torchvision's `ImageFolder` does not do this: what it trains on lies as it is stored.
  public var appliesOrientation: Bool
  /// What shows through where an image is transparent; nil drops alpha, so that the hidden colors show, as with Pillow's
  /// `convert("RGB")` and torchvision's `ImageFolder`.
  public var background: BackgroundColor?
  /// Which files of a tar shard are one sample.
  public var shardKey: ShardKey

  /// Sets all options.
  public init(
    pixelLimit: Int = DecodingOptions.defaultPixelLimit, appliesOrientation: Bool = true,
    background: BackgroundColor? = nil, shardKey: ShardKey = .firstDot
  ) {
    self.pixelLimit = pixelLimit
    self.appliesOrientation = appliesOrientation
    self.background = background
    self.shardKey = shardKey
  }
}
