/// One of the four operations of a color jitter.
public enum JitterOperation: String, Codable, Sendable, CaseIterable {
  /// Scales every value.
  case brightness
  /// Blends with the mean gray of the view.
  case contrast
  /// Blends with the gray version of the view.
  case saturation
  /// Turns the hue.
  case hue
}

/// The factors of a color jitter and the order in which they are applied.
public struct JitterParameters: Codable, Sendable, Equatable {
  /// Factor of the brightness; 1 changes nothing.
  public var brightness: Double
  /// Factor of the contrast; 1 changes nothing.
  public var contrast: Double
  /// Factor of the saturation; 1 changes nothing.
  public var saturation: Double
  /// Shift of the hue in turns, from −0.5 to 0.5; 0 changes nothing.
  public var hue: Double
  /// Every operation once, first to last.
  public var order: [JitterOperation]

  /// A jitter with the given factors, applied in the given order.
  public init(
    brightness: Double = 1, contrast: Double = 1, saturation: Double = 1, hue: Double = 0,
    order: [JitterOperation] = JitterOperation.allCases
  ) {
    self.brightness = brightness
    self.contrast = contrast
    self.saturation = saturation
    self.hue = hue
    self.order = order
  }
}

/// Everything that was drawn for one view: with the image, the size and the normalization it determines the pixels.
public struct ViewParameters: Codable, Sendable, Equatable {
  /// Width of the source image in pixels.
  public var sourceWidth: Int
  /// Height of the source image in pixels.
  public var sourceHeight: Int
  /// The part of the source that is seen.
  public var crop: CropBox
  /// Whether the view is mirrored left to right.
  public var isFlipped: Bool
  /// The color jitter, or nil when there is none.
  public var jitter: JitterParameters?
  /// Whether the colors are taken away.
  public var isGrayscale: Bool
  /// Standard deviation of the blur, or PIL's radius, in pixels of a view of the recipe's size; nil when there is none.
  public var blurSigma: Double?
  /// Whether bright values are inverted.
  public var isSolarized: Bool
  /// The operations of RandAugment, first to last; nil when the recipe has none.
  public var operations: [DrawnOperation]?
  /// The rectangle that is erased, in pixels of a view of the recipe's size; nil when there is none.
  public var erased: CropBox?
  /// The parameters of custom operations; nil when the recipe has none.
  public var ownOperations: [DrawnViewOperation]?

  /// A view of the given crop; by default nothing but the crop is done.
  public init(
    sourceWidth: Int, sourceHeight: Int, crop: CropBox, isFlipped: Bool = false, jitter: JitterParameters? = nil,
    isGrayscale: Bool = false, blurSigma: Double? = nil, isSolarized: Bool = false
  ) {
    self.sourceWidth = sourceWidth
    self.sourceHeight = sourceHeight
    self.crop = crop
    self.isFlipped = isFlipped
    self.jitter = jitter
    self.isGrayscale = isGrayscale
    self.blurSigma = blurSigma
    self.isSolarized = isSolarized
  }
}
