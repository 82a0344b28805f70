import ImageData
import NeuralNetworks
import RepresentationEvaluation
import Torch
import Views

/// An encoder with labelled images, for protocols that change pixels or train the encoder.
public struct EncoderTask {
  /// The encoder; protocols leave its weights as they are.
  public var backbone: any Backbone
  /// What the encoder is, so that protocols can train a copy.
  public var configuration: BackboneConfiguration
  /// How images are prepared for the encoder.
  public var transform: EvaluationTransform
  /// The images to learn from, with labels.
  public var train: any ImageDataset
  /// The images to measure on, with labels in the numbers of `train`.
  public var test: any ImageDataset
  /// Gives features of the images to learn from, where they may be there already.
  public var trainFeatures: (() throws -> LabelledFeatures)?
  /// The precision of the encoder's convolutions and matrix products.
  public var dtype = DType.float32
  /// Threads that decode and render.
  public var threads: Int
  /// The largest share of the images that may be left out because they cannot be decoded.
  public var skippedShareLimit = 0.01
  /// Told about images that could not be used.
  public var onSkip: @Sendable (SkippedImage) -> Void = { _ in }
  /// Told how far a long protocol is, in words.
  public var onProgress: (String) -> Void = { _ in }

  /// An encoder with the images that it learns from and is measured on.
  public init(
    backbone: any Backbone, configuration: BackboneConfiguration, transform: EvaluationTransform,
    train: any ImageDataset, test: any ImageDataset, threads: Int
  ) {
    self.backbone = backbone
    self.configuration = configuration
    self.transform = transform
    self.train = train
    self.test = test
    self.threads = threads
  }

  /// An empty record of the images of one dataset that cannot be used, for all passes over it.
  func skippedImages() -> SkippedImages { SkippedImages(maximumShare: skippedShareLimit, onSkip: onSkip) }

  /// Runs a backbone over images.
  ///
  /// - Parameter skipped: The images that earlier passes could not use; nil where there was none.
  func features(
    of images: any ImageDataset, with backbone: any Backbone, skipped: SkippedImages? = nil
  ) throws -> LabelledFeatures {
    try extractFeatures(
      of: images, with: backbone, transform: transform, threads: threads, skipped: skipped ?? skippedImages(),
      dtype: dtype)
  }
}

/// A setting of a protocol that cannot be used.
public struct ProtocolSettingError: Error, Equatable, CustomStringConvertible {
  /// The name of the protocol.
  public let protocolName: String
  /// The setting, in the spelling of the command line without its dashes.
  public let setting: String
  /// What is wrong with it and what it may be.
  public let reason: String

  /// One paragraph.
  public var description: String { "\(protocolName): \(setting) \(reason)." }
}
