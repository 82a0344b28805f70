import Checkpoints
import Foundation
import HardViewPretraining
import ImageData
import NeuralNetworks
import RunConfiguration
import RunRecords
import Torch

/// An encoder of images, whoever trained it: its weights, what it is, how images are prepared for it, and where it is from.
///
/// ```swift
/// let trained = try VisionEncoder("runs/my")
/// let published = try VisionEncoder("resnet50.safetensors")
/// let untrained = try VisionEncoder("random", options: EncoderOptions(like: "runs/my", seed: 1))
/// ```
public struct VisionEncoder {
  /// Where an encoder is from.
  public enum Origin: Sendable, Equatable {
    /// A run: its folder, the file that was loaded, and the steps that it was trained for where the file says so.
    case run(RunDirectory, checkpoint: String, step: Int?)
    /// A file that belongs to no run folder here, with the steps that it was trained for where it says so.
    case file(String, step: Int?)
    /// Drawn at random with a seed.
    case random(seed: Int)
  }

  /// The network with its weights.
  public let backbone: any Backbone
  /// What the network is and which inputs it takes.
  public var configuration: EncoderConfiguration
  /// Where it is from.
  public let origin: Origin
  /// The configuration of the run that trained it; nil for others.
  ///
  /// For random weights like those of a run, that run's.
  public let run: ResolvedConfiguration?
  /// Which formats of data its images may have.
  public let components: Components

  /// Loads an encoder.
  ///
  /// - Parameters:
  ///   - source: A run folder, one of its checkpoints, or a safetensors file: one that `pretrain` wrote, or one with
  ///     torchvision's or timm's names. `random` draws weights, which is the baseline of every table.
  ///   - options: What the source leaves open.
  ///   - components: What the run's configuration may name.
  /// - Throws: `RecordError` when a folder is no run; `NoCheckpointError` when a run has no checkpoint yet;
  ///   `SafetensorsError` when the file is missing or damaged; `WeightsError` and `MismatchError`, which list names and
  ///   shapes, when it does not fit; `EncoderError`; `ConfigurationError` when options do not go together.
  public init(
    _ source: String, options: EncoderOptions = EncoderOptions(), components: Components = .standard
  ) throws {
    if source == EncoderOptions.random {
      self = try Self.random(options, components: components)
    } else {
      try options.check(for: source)
      self = try Self.load((source as NSString).expandingTildeInPath, options, components: components)
    }
    configuration = try configuration.seeing(resize: options.resize, crop: options.crop)
  }

  init(
    _ backbone: any Backbone, _ configuration: EncoderConfiguration, from origin: Origin, run: ResolvedConfiguration?,
    components: Components
  ) {
    self.backbone = backbone
    self.configuration = configuration
    self.origin = origin
    self.run = run
    self.components = components
  }

  /// The encoder that a run begins with: random weights, those of the run's seed.
  /// - Throws: `ConfigurationError`.
  public static func initial(of run: ResolvedConfiguration) throws -> VisionEncoder {
    VisionEncoder(
      try run.initialEncoder(), run.encoder, from: .random(seed: run.values.seed), run: run, components: run.components)
  }

  /// Draws the weights of an untrained encoder, on the current device.
  public static func random(
    _ configuration: EncoderConfiguration, seed: Int = 0, components: Components = .standard
  ) throws(ConfigurationError) -> VisionEncoder {
    try configuration.validate()
    return VisionEncoder(
      configuration.backbone.makeBackbone(using: Generator(seed: UInt64(bitPattern: Int64(seed)))), configuration,
      from: .random(seed: seed), run: nil, components: components)
  }
}

// MARK: - What it is called and where its images are

extension VisionEncoder {
  /// The source in words: a path, or `random resnet50, seed 0`.
  public var name: String {
    switch origin {
    case .run(_, let checkpoint, _): checkpoint
    case .file(let path, _): path
    case .random(let seed): "random \(configuration.backbone.name.rawValue), seed \(seed)"
    }
  }

  /// The file that the weights were loaded from; nil for random ones.
  public var path: String? {
    switch origin {
    case .run(_, let path, _), .file(let path, _): path
    case .random: nil
    }
  }

  /// Steps that it was trained for; nil where that is not known, 0 for random weights.
  public var step: Int? {
    switch origin {
    case .run(_, _, let step), .file(_, let step): step
    case .random: 0
    }
  }

  /// The folder of the results of its evaluations.
  ///
  /// The run's own; `NAME.evaluation` beside a file that belongs to no run; `random-BACKBONE.evaluation` in the current
  /// folder for random weights.
  public var evaluation: EvaluationFolder {
    switch origin {
    case .run(let directory, _, _): directory.evaluation
    case .file(let path, _):
      EvaluationFolder(path: (path.hasSuffix(".safetensors") ? String(path.dropLast(12)) : path) + ".evaluation")
    case .random: EvaluationFolder(path: "random-\(configuration.backbone.name.rawValue).evaluation")
    }
  }

  /// How images are read: as the encoder's files say, with the run's threads and limits where there is a run.
  ///
  /// The path is that of the run's images; empty where there is no run.
  public var data: DataConfiguration {
    var data = configuration.data
    guard let own = run?.values.data else { return data }
    data = own
    data.appliesOrientation = configuration.preprocessing.appliesOrientation
    data.background = configuration.preprocessing.background
    data.sixteenBitRange = configuration.preprocessing.sixteenBitRange
    return data
  }

  /// Opens images in the channels that the encoder takes.
  ///
  /// - Parameters:
  ///   - path: A folder or file; nil takes the images that the encoder's run was trained on.
  ///   - split: Which part of it.
  /// - Throws: `EncoderError` where there is neither a path nor a run; errors of the data.
  public func open(_ path: String? = nil, split: DataSplit = .train) throws -> any ImageDataset {
    var section = data
    if let path {
      section.path = Self.absolutePath(of: path)
      section.format = .automatic
      section.limit = 0
    }
    guard !section.path.isEmpty else { throw EncoderError(encoder: name, problem: .noData) }
    return try Pretraining.open(
      section, split: split, channels: configuration.backbone.channels, components: components)
  }

  /// A path of images from the root, with the home folder for a leading `~`.
  public static func absolutePath(of path: String) -> String {
    URL(filePath: (path as NSString).expandingTildeInPath).standardizedFileURL.path
  }

  /// The precision that it is evaluated in: the run's, or `auto`.
  public var precision: Precision { run?.values.precision ?? .auto }

  /// Threads of one operator; 0 takes every core.
  public var threads: Int { run?.values.threads ?? 0 }
}
