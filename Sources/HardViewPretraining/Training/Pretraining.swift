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
    let configuration = try configuration.withinMemoryLimit(
      on: dataset, atLeast: configuration.values.training.accumulation)
    let session = RunSession(
      new: try RunDirectory.planned(at: output), configuration: try configuration.withAbsolutePaths().tree.yaml)
    return try task(configuration, dataset: dataset, session: session, checkpoint: nil, onSkip: onSkip)
  }

  /// Begins a run, or continues it where it was begun in this folder with this configuration: for launchers that start the
  /// same command again.
  ///
  /// - Throws: As `start` where the folder holds another run.
  public static func startAgain(
    _ configuration: ResolvedConfiguration, output: String,
    onSkip: @escaping @Sendable (SkippedImage) -> Void = { _ in }
  ) throws -> any PretrainingTask {
    guard RunDirectory.isRun(at: output) else { return try start(configuration, output: output, onSkip: onSkip) }
    let saved = try Self.configuration(
      of: RunDirectory.open(at: output), components: configuration.components)
    // A memory limit may have raised it.
    let chosen = configuration.values.training.memoryLimit.isEmpty ? [] : ["training.accumulation"]
    let changes = saved.tree.changes(to: try configuration.withAbsolutePaths().tree)
    guard changes.allSatisfy({ chosen.contains($0.key) }) else {
      return try start(configuration, output: output, onSkip: onSkip)
    }
    return try resume(output, components: configuration.components, onSkip: onSkip)
  }

  /// Continues a run from its newest checkpoint that is whole, or from the beginning when it was stopped before the
  /// first; changes nothing on disk before it trains.
  ///
  /// - Parameters:
  ///   - path: The run folder.
  ///   - change: Changes settings of the run: where data and device are, how long it trains, what is recorded.
  ///   - components: What the run's configuration may name.
  ///   - onSkip: Told about images that could not be used.
  /// - Throws: `ConfigurationError` with the reason where a setting cannot change any more; errors of the data, the
  ///   checkpoint or the disk.
  public static func resume(
    _ path: String, changing change: (inout ConfigurationTree) throws -> Void = { _ in },
    components: Components = .standard, onSkip: @escaping @Sendable (SkippedImage) -> Void = { _ in }
  ) throws -> any PretrainingTask {
    let directory = try RunDirectory.open(at: path)
    let saved = try Self.configuration(of: directory, components: components)
    var configuration = try saved.changed(by: change, in: path)
    let dataset = try configuration.open(split: .train)
    let (before, after) = (saved.values.training, configuration.values.training)
    if after.memoryLimit != before.memoryLimit {
      // What another limit had chosen does not bind this one.
      configuration = try configuration.withinMemoryLimit(
        on: dataset, atLeast: after.accumulation == before.accumulation ? 1 : after.accumulation)
    }
    let point = try ResumePoint(in: directory)
    let session = RunSession(
      resuming: directory, at: point, configuration: configuration.tree.yaml,
      changes: saved.tree.changes(to: configuration.tree))
    return try task(configuration, dataset: dataset, session: session, checkpoint: point.checkpoint, onSkip: onSkip)
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
  /// - Parameter channels: How many channels are wanted of them; nil takes them as they are.
  public static func open(
    _ data: DataConfiguration, split: DataSplit, channels: Int? = nil, components: Components = .standard
  ) throws -> any ImageDataset {
    guard !data.path.isEmpty else {
      throw ConfigurationError(path: "data.path", problem: .invalid("is empty; name the images with --data PATH"))
    }
    var dataset = try Datasets.open(
      path: data.path, format: data.format, split: split, options: data.decoding(channels: channels),
      readers: components.datasetReaders)
    guard split == .train else { return dataset }
    if data.limit > 0, data.limit < dataset.count { dataset = dataset.limited(to: data.limit, seed: 0) }
    return data.cacheMegabytes > 0 ? CachedImages(dataset, capacity: data.cacheMegabytes << 20) : dataset
  }

  private static func task(
    _ configuration: ResolvedConfiguration, dataset: any ImageDataset, session: RunSession, checkpoint: Checkpoint?,
    onSkip: @escaping @Sendable (SkippedImage) -> Void
  ) throws -> any PretrainingTask {
    let workers = Workers.current
    try configuration.checkBatch(dividedBy: workers)
    try workers.requireAgreement(on: "configuration", configuration.tree.yaml)
    try workers.requireAgreement(on: "images", Self.identity(of: dataset))
    try configuration.checkMachine(
      batchSize: min(configuration.values.training.batchSize, dataset.count) / workers.count)
    let log = SkippedLog(path: session.records.skippedPath)
    return try configuration.withParts(
      TaskMaker(dataset: dataset, session: session, checkpoint: checkpoint) { record in
        log.append(record)
        onSkip(record)
      })
  }

  /// Whether two workers have the same images, in a line of text.
  private static func identity(of dataset: any ImageDataset) -> String {
    guard dataset.count > 0 else { return "no images" }
    let ends = [dataset.name(at: 0), dataset.name(at: dataset.count - 1)]
    return "\(dataset.count) images from \(ends[0]) to \(ends[1])"
  }

  private struct TaskMaker: PartsConsumer {
    var dataset: any ImageDataset
    var session: RunSession
    var checkpoint: Checkpoint?
    var onSkip: @Sendable (SkippedImage) -> Void

    func use<Method: SelfSupervisedMethod>(_ parts: PretrainingParts<Method>) throws -> any PretrainingTask {
      try PretrainingRun(parts, dataset: dataset, session: session, resumingFrom: checkpoint, onSkip: onSkip)
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

extension ResolvedConfiguration {
  /// Throws where workers cannot have equal parts of every batch.
  fileprivate func checkBatch(dividedBy workers: any Communicator) throws(ConfigurationError) {
    let (batch, parts) = (values.training.batchSize, values.training.accumulation)
    guard batch % (workers.count * parts) == 0 else {
      throw ConfigurationError(
        path: "training.batch_size",
        problem: .invalid(
          "is \(batch), which does not divide into \(workers.count) equal parts for as many workers"
            + (parts > 1 ? " of \(parts) equal parts each (training.accumulation)" : "")
            + "; choose a multiple of \(workers.count * parts)"))
    }
  }

  /// The same with the paths of data and initial weights as they are from any folder, where there is something here.
  func withAbsolutePaths() throws(ConfigurationError) -> ResolvedConfiguration {
    var settings = tree
    for key in ["data.path", "initialization.path"] {
      let path = ((tree.string(at: key) ?? "") as NSString).expandingTildeInPath
      guard !path.isEmpty, FileManager.default.fileExists(atPath: path) else { continue }
      let absolute = URL(filePath: path).standardizedFileURL.path(percentEncoded: false)
      settings.set(.string(absolute), at: key)
    }
    return settings == tree ? self : try ResolvedConfiguration(settings, components: components)
  }

  /// The configuration of a run that goes on with some settings changed.
  /// - Throws: `ConfigurationError` where one of them cannot change, and what `change` throws.
  func changed(
    by change: (inout ConfigurationTree) throws -> Void, in run: String
  ) throws -> ResolvedConfiguration {
    var settings = tree
    try change(&settings)
    guard settings != tree else { return self }
    var changed = try ResolvedConfiguration(settings, components: components)
    let (before, after) = (values.training, changed.values.training)
    if after.epochs > before.epochs, after.whenExtended == .restart, after.restarts == before.restarts {
      settings.set(.list((before.restarts + [before.epochs]).map { .integer($0) }), at: "training.restarts")
      changed = try ResolvedConfiguration(settings, components: components)
    }
    if changed.values.data.path != values.data.path { changed = try changed.withAbsolutePaths() }
    for change in tree.changes(to: changed.tree) { try change.checkPermitted(in: run) }
    return changed
  }
}
