import RunConfiguration
import Views

/// How image files become an encoder's inputs.
public struct ImagePreprocessing: Codable, Sendable, Equatable {
  /// Pixels of the shorter side after resizing.
  public var resize: Int
  /// Side of the square cut from the center, in pixels.
  public var crop: Int
  /// The antialiasing filter of the resizing, as Pillow's of the same name.
  public var interpolation = Interpolation.bilinear
  /// Mean of values from 0 to 1: one entry, or one for each channel.
  public var mean = Normalization.imageNet.mean
  /// Standard deviation of values from 0 to 1: one entry, or one for each channel.
  public var standardDeviation = Normalization.imageNet.standardDeviation
  /// Whether images are turned upright as their EXIF orientation says.
  public var appliesOrientation = true
  /// The color that shows through where an image is transparent, such as `#ffffff`; `none` drops alpha.
  public var background = "none"
  /// Which 16-bit values become 0 and 255.
  public var sixteenBitRange = [0, 65535]

  /// Images as torchvision's and timm's published networks take them, at any size.
  public init(resize: Int, crop: Int) {
    self.resize = resize
    self.crop = crop
  }

  /// The mean and standard deviation that pixel values are normalized with.
  public var normalization: Normalization { Normalization(mean: mean, standardDeviation: standardDeviation) }

  /// The first value out of range: its key and the reason.
  func problem(channels: Int) -> (key: String, reason: String)? {
    if !(1...32_768).contains(resize) { return ("resize", "must be from 1 to 32768, not \(resize)") }
    for (key, values) in [("mean", mean), ("standard_deviation", standardDeviation)] {
      if values.count != 1 && values.count != channels {
        return (
          key, "has \(values.count) entries for images of \(channels) channels (backbone.channels); give one or as many"
        )
      }
      if !values.allSatisfy(\.isFinite) { return (key, "must be finite, not \(values)") }
    }
    if !standardDeviation.allSatisfy({ $0 > 0 }) {
      return ("standard_deviation", "must be above 0, not \(standardDeviation)")
    }
    return decoding(DataConfiguration()).decodingProblem()
  }

  /// How images are opened, with files read as the encoder wants them.
  func decoding(_ data: DataConfiguration) -> DataConfiguration {
    var data = data
    data.appliesOrientation = appliesOrientation
    data.background = background
    data.sixteenBitRange = sixteenBitRange
    return data
  }
}
