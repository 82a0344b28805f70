import Checkpoints
import Foundation
import ImageData
import NeuralNetworks
import Objectives
import RunConfiguration
import RunRecords
import Torch

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
    let dataset = try configuration.open(split: .train)
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
  ///   - components: What the run's configuration may name.
  ///   - onSkip: Told about images that could not be used.
  public static func resume(
    _ path: String, on device: DeviceChoice? = nil, components: Components = .standard,
    onSkip: @escaping @Sendable (SkippedImage) -> Void = { _ in }
  ) throws -> any PretrainingTask {
    let directory = try RunDirectory.open(at: path)
    var configuration = try Self.configuration(of: directory, components: components)
    if let device {
      var settings = configuration.tree
      settings.set(.string(device.rawValue), at: "device")
      configuration = try ResolvedConfiguration(settings, components: components)
    }
    let dataset = try configuration.open(split: .train)
    let checkpoint =
      FileManager.default.fileExists(atPath: directory.checkpointPath)
      ? try Checkpoint(path: directory.checkpointPath) : nil
    return try task(configuration, dataset: dataset, directory: directory, checkpoint: checkpoint, onSkip: onSkip)
  }

  /// The configuration that a run folder was made with.
  public static func configuration(
    of directory: RunDirectory, components: Components = .standard
  ) throws -> ResolvedConfiguration {
    let text = try directory.readConfiguration()
    return try ResolvedConfiguration(
      ConfigurationTree(yaml: text, source: directory.configurationPath), components: components)
  }

  /// The images that a `data` section names.
  public static func open(
    _ data: DataConfiguration, split: DataSplit, components: Components = .standard
  ) throws -> any ImageDataset {
    guard !data.path.isEmpty else {
      throw ConfigurationError(path: "data.path", problem: .invalid("is empty; name the images with --data PATH"))
    }
    var dataset = try Datasets.open(
      path: data.path, format: data.format, split: split, options: data.decoding, readers: components.datasetReaders)
    guard split == .train else { return dataset }
    if data.limit > 0, data.limit < dataset.count { dataset = dataset.limited(to: data.limit, seed: 0) }
    return data.cacheMegabytes > 0 ? CachedImages(dataset, capacity: data.cacheMegabytes << 20) : dataset
  }

  private static func task(
    _ configuration: ResolvedConfiguration, dataset: any ImageDataset, directory: RunDirectory, checkpoint: Checkpoint?,
    onSkip: @escaping @Sendable (SkippedImage) -> Void
  ) throws -> any PretrainingTask {
    let log = SkippedLog(path: directory.skippedPath)
    return try configuration.withParts(
      TaskMaker(dataset: dataset, directory: directory, checkpoint: checkpoint) { record in
        log.append(record)
        onSkip(record)
      })
  }

  private struct TaskMaker: PartsConsumer {
    var dataset: any ImageDataset
    var directory: RunDirectory
    var checkpoint: Checkpoint?
    var onSkip: @Sendable (SkippedImage) -> Void

    func use<Method: SelfSupervisedMethod>(_ parts: PretrainingParts<Method>) throws -> any PretrainingTask {
      try PretrainingRun(parts, dataset: dataset, directory: directory, resumingFrom: checkpoint, onSkip: onSkip)
    }
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
