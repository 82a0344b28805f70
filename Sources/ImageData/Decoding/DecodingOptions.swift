/// How encoded images are read.
public struct DecodingOptions: Sendable, Equatable {
  /// The most pixels an image may have unless told otherwise: 178,956,970, above which Pillow suspects a bomb.
  public static let defaultPixelLimit = 178_956_970

  /// The most pixels that an image's header may announce; more are refused before they are allocated.
  public var pixelLimit: Int
  /// Whether the image is turned upright as its EXIF orientation says.
  ///
  /// torchvision's `ImageFolder` does not do this: what it trains on lies as it is stored.
  public var appliesOrientation: Bool

  /// Sets both options.
  public init(pixelLimit: Int = DecodingOptions.defaultPixelLimit, appliesOrientation: Bool = true) {
    self.pixelLimit = pixelLimit
    self.appliesOrientation = appliesOrientation
  }
}
