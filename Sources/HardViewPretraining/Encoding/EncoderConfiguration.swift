import Foundation
import ImageData
import NeuralNetworks
import RunConfiguration
import Torch
import Views

/// What an encoder is and which inputs it takes: its backbone, and how image files are prepared.
///
/// The metadata of `encoder.safetensors` hold it as JSON under the key `encoder`, so that the file is enough to use the
/// encoder.
public struct EncoderConfiguration: Codable, Sendable, Equatable {
  /// The key among a file's metadata.
  public static let metadataKey = "encoder"

  /// The network; width and depth are written out.
  public var backbone: BackboneConfiguration
  /// Side in px of the largest views that the encoder was trained on.
  public var viewSize: Int
  /// How image files become inputs.
  public var preprocessing: ImagePreprocessing

  /// An encoder with a preprocessing.
  public init(backbone: BackboneConfiguration, viewSize: Int, preprocessing: ImagePreprocessing) {
    self.backbone = backbone.complete
    self.viewSize = viewSize
    self.preprocessing = preprocessing
  }

  /// A backbone with the preprocessing of published networks.
  ///
  /// Images of 224 px (32 px with the CIFAR stem, a transformer's own size where it has one), of the middle square
  /// behind a resizing by 256/224, normalized with ImageNet's statistics.
  public init(backbone: BackboneConfiguration) {
    var backbone = backbone
    let isSmall = !backbone.isTransformer && backbone.stem == .cifar
    let size = backbone.isTransformer && backbone.imageSize > 0 ? backbone.imageSize : isSmall ? 32 : 224
    if backbone.isTransformer { backbone.imageSize = size }
    var preprocessing = ImagePreprocessing(
      resize: Int((Double(size) * EvaluationConfiguration().resizeRatio).rounded()), crop: size)
    if backbone.channels != 3 {
      func average(_ values: [Double]) -> [Double] { [values.reduce(0, +) / Double(values.count)] }
      preprocessing.mean = average(preprocessing.mean)
      preprocessing.standardDeviation = average(preprocessing.standardDeviation)
    }
    self.init(backbone: backbone, viewSize: size, preprocessing: preprocessing)
  }

  private enum CodingKeys: String, CodingKey {
    case backbone, heads, viewSize, preprocessing
  }

  /// Reads all but the number of heads, which follows from the width.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      backbone: try container.decode(BackboneConfiguration.self, forKey: .backbone),
      viewSize: try container.decode(Int.self, forKey: .viewSize),
      preprocessing: try container.decode(ImagePreprocessing.self, forKey: .preprocessing))
  }

  /// Writes the number of a transformer's heads, too, which other programs need.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(backbone, forKey: .backbone)
    try container.encode(backbone.headCount, forKey: .heads)
    try container.encode(viewSize, forKey: .viewSize)
    try container.encode(preprocessing, forKey: .preprocessing)
  }

  /// How images are rendered.
  public var transform: EvaluationTransform {
    EvaluationTransform(
      resize: preprocessing.resize, crop: preprocessing.crop, interpolation: preprocessing.interpolation,
      normalization: preprocessing.normalization, channels: backbone.channels)
  }

  /// How image files are opened.
  public var data: DataConfiguration { preprocessing.decoding(DataConfiguration()) }
}

// MARK: - Changing

extension EncoderConfiguration {
  /// The same with settings laid over it, such as `preprocessing.mean`.
  /// - Throws: `ConfigurationError` that names the key.
  public func overlaid(with settings: ConfigurationTree) throws(ConfigurationError) -> EncoderConfiguration {
    let overlaid = try ConfigurationTree.decode(self, overlaying: settings)
    try overlaid.validate()
    return overlaid
  }

  /// The same for images of other sides.
  ///
  /// - Parameters:
  ///   - resize: Pixels of the shorter side; nil leaves it as it is, or in its proportion to a new `crop`.
  ///   - crop: Side of the square cut from the center, in pixels; nil leaves it as it is.
  /// - Throws: `ConfigurationError` where the sides do not go together, or patches do not divide the crop.
  public func seeing(resize: Int? = nil, crop: Int? = nil) throws(ConfigurationError) -> EncoderConfiguration {
    guard resize != nil || crop != nil else { return self }
    var changed = self
    if let crop {
      let ratio = Double(preprocessing.resize) / Double(preprocessing.crop)
      changed.preprocessing.crop = crop
      changed.preprocessing.resize = Int((Double(crop) * ratio).rounded())
    }
    if let resize { changed.preprocessing.resize = resize }
    try changed.validate()
    return changed
  }

  /// Throws the first mistake.
  /// - Throws: `ConfigurationError` that names the key.
  public func validate() throws(ConfigurationError) {
    try Self.check(backbone)
    if let (key, reason) = preprocessing.problem(channels: backbone.channels) {
      throw ConfigurationError(path: "preprocessing.\(key)", problem: .invalid(reason))
    }
    try Self.check(
      crop: preprocessing.crop, resize: preprocessing.resize, of: backbone, in: "preprocessing")
    guard viewSize > 0 else {
      throw ConfigurationError(path: "view_size", problem: .invalid("must be at least 1, not \(viewSize)"))
    }
  }

  /// Throws where a backbone cannot be built on this machine.
  static func check(_ backbone: BackboneConfiguration) throws(ConfigurationError) {
    func fail(_ key: String, _ reason: String) throws(ConfigurationError) {
      throw ConfigurationError(path: "backbone.\(key)", problem: .invalid(reason))
    }
    if !(1...1024).contains(backbone.channels) {
      try fail(
        "channels", "must be 1 (gray), 3 (color) or another number of channels up to 1024, not \(backbone.channels)")
    }
    if let (key, reason) = backbone.problem() { try fail(key, reason) }
    if !backbone.isTransformer, (1...4).contains(backbone.width), Engine.overrunsNarrowConvolutions {
      try fail(
        "width",
        "must be 0 (as published) or at least 5 on this processor, not \(backbone.width), because libtorch's "
          + "convolutions of so few channels write beyond their memory there")
    }
  }

  /// Throws where a crop does not lie in the resized image, or is no whole number of patches.
  static func check(
    crop: Int, resize: Int, of backbone: BackboneConfiguration, in section: String
  ) throws(ConfigurationError) {
    let path = "\(section).crop"
    guard crop > 0, crop <= resize else {
      throw ConfigurationError(
        path: path, problem: .invalid("must be between 1 and \(section).resize (\(resize)), not \(crop)"))
    }
    try check(patchesOf: crop, in: backbone, at: path)
  }

  /// Throws where a transformer's patches do not divide the side of an image.
  static func check(
    patchesOf size: Int, in backbone: BackboneConfiguration, at path: String
  ) throws(ConfigurationError) {
    let patch = backbone.patchSize
    guard backbone.isTransformer, patch >= 1, size % patch != 0 else { return }
    throw ConfigurationError(
      path: path,
      problem: .invalid(
        "is \(size), which patches of \(patch) pixels (backbone.patch_size) do not divide; try "
          + "\(max(size / patch, 1) * patch)"))
  }
}

// MARK: - Metadata of files

extension EncoderConfiguration {
  /// The text that a file's metadata hold: JSON with sorted keys in snake case.
  public var metadata: String {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let text = try? encoder.encode(self) else { preconditionFailure("a mean or deviation that is not finite") }
    return String(decoding: text, as: UTF8.self)
  }

  /// Reads a file's metadata.
  ///
  /// - Parameters:
  ///   - metadata: All of the metadata.
  ///   - path: The file, for errors.
  /// - Returns: Nil where they do not describe an encoder, as in files of other programs and of older versions.
  /// - Throws: `ConfigurationError` where the description makes no sense here.
  public init?(metadata: [String: String], of path: String) throws(ConfigurationError) {
    guard let text = metadata[Self.metadataKey] else { return nil }
    do throws(ConfigurationError) {
      let tree = try ConfigurationTree(yaml: text, source: path)
      self = try ConfigurationTree.decode(EncoderConfiguration(backbone: BackboneConfiguration()), overlaying: tree)
      try validate()
    } catch {
      throw ConfigurationError(path: "\(path), metadata \(Self.metadataKey), \(error.path)", problem: error.problem)
    }
  }
}

extension ResolvedConfiguration {
  /// The encoder that a run trains, and the images that it takes when it is evaluated.
  public var encoder: EncoderConfiguration {
    let recipe = views.groups[0].recipe
    var preprocessing = ImagePreprocessing(resize: values.evaluation.resize, crop: values.evaluation.crop)
    preprocessing.interpolation = recipe.crop.interpolation
    preprocessing.mean = recipe.normalization.mean
    preprocessing.standardDeviation = recipe.normalization.standardDeviation
    preprocessing.appliesOrientation = values.data.appliesOrientation
    preprocessing.background = values.data.background
    preprocessing.sixteenBitRange = values.data.sixteenBitRange
    return EncoderConfiguration(backbone: values.backbone, viewSize: views.globalSize, preprocessing: preprocessing)
  }
}
