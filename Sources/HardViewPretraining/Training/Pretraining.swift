import Checkpoints
import Foundation
import ImageData
import NeuralNetworks
import RunConfiguration
import RunRecords
import Torch

/// A run of any method, ready to train.
public protocol PretrainingTask {
  /// Trains until the last epoch ends or `shouldStop` says so after a step.
  func run(shouldStop: () -> Bool, observer: (PretrainingEvent) -> Void) throws -> PretrainingOutcome
  /// What is being pretrained.
  var encoder: any Backbone { get }
}

extension PretrainingTask {
  /// Trains to the end, unwatched.
  public func run() throws -> PretrainingOutcome {
    try run(shouldStop: { false }, observer: { _ in })
  }
}

extension PretrainingRun: PretrainingTask {
  /// What is being pretrained.
  public var encoder: any Backbone { pretrained.encoder }
}

/// Starts and continues runs.
public enum Pretraining {
  /// Begins a run in a new folder.
  ///
  /// - Parameters:
  ///   - configuration: What to train, on what.
  ///   - output: The run folder; must not exist, or be empty.
  ///   - onSkip: Told about images that could not be used, which are also written to `skipped.jsonl`.
  /// - Throws: Errors of the data, the configuration or the disk, before anything is trained.
  public static func start(
    _ configuration: ResolvedConfiguration, output: String,
    onSkip: @escaping @Sendable (SkippedImage) -> Void = { _ in }
  ) throws -> any PretrainingTask {
    let dataset = try open(configuration.values.data, split: .train)
    let directory = try RunDirectory.planned(at: output)
    let task = try task(configuration, dataset: dataset, directory: directory, checkpoint: nil, onSkip: onSkip)
    try directory.make(configuration: configuration.tree.yaml)
    return task
  }

  /// Continues a run from its last checkpoint, or from the beginning when it was stopped before the first.
  ///
  /// - Parameters:
  ///   - path: The run folder.
  ///   - device: Where to go on, when not where the run began.
  ///   - onSkip: Told about images that could not be used.
  public static func resume(
    _ path: String, on device: DeviceChoice? = nil, onSkip: @escaping @Sendable (SkippedImage) -> Void = { _ in }
  ) throws -> any PretrainingTask {
    let directory = try RunDirectory.open(at: path)
    var configuration = try Self.configuration(of: directory)
    if let device {
      var settings = configuration.tree
      settings.set(.string(device.rawValue), at: "device")
      configuration = try ResolvedConfiguration(settings)
    }
    let dataset = try open(configuration.values.data, split: .train)
    let checkpoint =
      FileManager.default.fileExists(atPath: directory.checkpointPath)
      ? try Checkpoint(path: directory.checkpointPath) : nil
    return try task(configuration, dataset: dataset, directory: directory, checkpoint: checkpoint, onSkip: onSkip)
  }

  /// The configuration that a run folder was made with.
  public static func configuration(of directory: RunDirectory) throws -> ResolvedConfiguration {
    let text = try directory.readConfiguration()
    return try ResolvedConfiguration(ConfigurationTree(yaml: text, source: directory.configurationPath))
  }

  /// The images that a configuration names.
  public static func open(_ data: DataConfiguration, split: DataSplit) throws -> any ImageDataset {
    guard !data.path.isEmpty else {
      throw ConfigurationError(path: "data.path", problem: .invalid("is empty; name the images with --data PATH"))
    }
    var dataset = try Datasets.open(
      path: data.path, format: data.format, split: split, options: data.decoding)
    guard split == .train else { return dataset }
    if data.limit > 0, data.limit < dataset.count { dataset = dataset.limited(to: data.limit, seed: 0) }
    return data.cacheMegabytes > 0 ? CachedImages(dataset, capacity: data.cacheMegabytes << 20) : dataset
  }

  private static func task(
    _ configuration: ResolvedConfiguration, dataset: any ImageDataset, directory: RunDirectory, checkpoint: Checkpoint?,
    onSkip: @escaping @Sendable (SkippedImage) -> Void
  ) throws -> any PretrainingTask {
    Engine.setThreadCount(configuration.values.threads)
    let log = SkippedLog(path: directory.skippedPath)
    func make<Method: SelfSupervisedMethod>(_ method: Method.Type) throws -> any PretrainingTask {
      try PretrainingRun<Method>(
        configuration: configuration,
        methodConfiguration: ResolvedConfiguration.configuration(of: method, from: configuration.values.method),
        dataset: dataset, directory: directory, resumingFrom: checkpoint
      ) { record in
        log.append(record)
        onSkip(record)
      }
    }
    return try configuration.values.device.use { try make(configuration.method) }
  }
}

/// Writes `skipped.jsonl`, opened with the first line; loader threads may append at once.
private final class SkippedLog: Sendable {
  private let path: String
  private let lock = NSLock()

  init(path: String) {
    self.path = path
  }

  func append(_ record: SkippedImage) {
    lock.withLock {
      // A disk that refuses this line refuses the next line of metrics too, and that one is reported.
      try? JSONLinesWriter(path: path).append(record)
    }
  }
}

/// The encoder of a finished or interrupted run, ready to make features.
public struct PretrainedEncoder {
  /// The network with its trained weights.
  public let backbone: any Backbone
  /// What it was trained with.
  public let configuration: ResolvedConfiguration

  /// Loads the last checkpoint of a run folder.
  /// - Throws: When the folder is no run, or has no checkpoint yet.
  public init(run path: String) throws {
    let directory = try RunDirectory.open(at: path)
    configuration = try Pretraining.configuration(of: directory)
    guard FileManager.default.fileExists(atPath: directory.encoderPath) else {
      throw NoCheckpointError(path: path)
    }
    backbone = configuration.values.backbone.makeBackbone(using: Generator(seed: 0))
    try Checkpoint(path: directory.encoderPath).load(into: StateDictionary(of: backbone))
  }
}

/// A run that has not written a checkpoint yet.
public struct NoCheckpointError: Error, CustomStringConvertible {
  /// The run folder.
  public let path: String

  /// One paragraph.
  public var description: String {
    "\(path) has no checkpoint yet: the run was stopped before its first one. "
      + "Continue it with `hardviews pretrain --resume \(path)`."
  }
}
