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
  /// Which 16-bit values become 0 and 255; values between them are scaled, those outside are cut off.
  ///
  /// By default all 65,536 values are used, so that the high byte remains. Instruments often fill fewer bits.
  public var sixteenBitRange: ClosedRange<Int>
  /// How many channels images are wanted in; nil takes them as they are.
  ///
  /// Decides whether the values that a TIFF has beside its colors are channels: where there are as many in all.
  public var channels: Int?
  /// Which files of a tar shard are one sample.
  public var shardKey: ShardKey

  /// Sets all options.
  public init(
    pixelLimit: Int = DecodingOptions.defaultPixelLimit, appliesOrientation: Bool = true,
    background: BackgroundColor? = nil, sixteenBitRange: ClosedRange<Int> = 0...65535, channels: Int? = nil,
    shardKey: ShardKey = .firstDot
  ) {
    self.pixelLimit = pixelLimit
    self.appliesOrientation = appliesOrientation
    self.background = background
    self.sixteenBitRange = sixteenBitRange
    self.channels = channels
    self.shardKey = shardKey
  }
}

extension DecodingOptions {
  /// Whether 16-bit values keep their high byte.
  var keepsHighBytes: Bool { sixteenBitRange == 0...65535 }

  /// What a 16-bit value becomes.
  @inline(__always)
  func byte(of value: UInt16) -> UInt8 {
    if keepsHighBytes { return UInt8(value >> 8) }
    let (low, span) = (sixteenBitRange.lowerBound, sixteenBitRange.upperBound - sixteenBitRange.lowerBound)
    return UInt8((max(0, min(span, Int(value) - low)) * 255 + span / 2) / span)
  }
}
