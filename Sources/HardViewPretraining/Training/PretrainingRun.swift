import Checkpoints
import Foundation
import ImageData
import NeuralNetworks
import Optimization
import RunConfiguration
import RunRecords
import Torch
import Views

/// What a run tells whoever watches.
public enum PretrainingEvent: Sendable {
  /// A step ended.
  case step(TrainingProgress, loss: Double, imagesPerSecond: Double, secondsLeft: Double)
  /// An epoch ended; the last line of metrics.
  case epoch(TrainingProgress, MetricsRecord)
  /// Something went wrong that training goes on in spite of.
  case warning(String)
}

/// How a run ended.
public enum PretrainingOutcome: Sendable, Equatable {
  /// Every epoch is done.
  case finished
  /// It was asked to stop, and wrote a checkpoint first.
  case interrupted
}

/// A pretraining run in a folder of its own: loader, pretrainer, records and checkpoints put together.
public final class PretrainingRun<Method: SelfSupervisedMethod> {
  private let configuration: PretrainingConfiguration
  private let directory: RunDirectory
  private let dataset: any ImageDataset
  private let method: Method
  private let plan: ViewPlan
  private let optimizer: ScheduledOptimizer
  private let pretrainer: Pretrainer<Method>
  private let generator: Generator
  private let loader: ViewLoader
  private let space: CandidateSpace
  private var progress: TrainingProgress

  /// The networks.
  public var pretrained: Method { method }

  /// Builds everything for the first step, or for the step that `checkpoint` stopped at.
  ///
  /// - Parameters:
  ///   - methodConfiguration: The method's own section.
  ///   - dataset: The images.
  ///   - directory: Where records and checkpoints go.
  ///   - checkpoint: Continue from here; nil to begin.
  ///   - onSkip: Told about every image that could not be used.
  /// - Throws: `ConfigurationError`, `LoaderError`, `SafetensorsError`, `MismatchError`.
  init(
    configuration resolved: ResolvedConfiguration, methodConfiguration: Method.Configuration,
    dataset: any ImageDataset, directory: RunDirectory, resumingFrom checkpoint: Checkpoint?,
    onSkip: @escaping @Sendable (SkippedImage) -> Void
  ) throws {
    let configuration = resolved.values
    self.configuration = configuration
    self.directory = directory
    self.dataset = dataset
    generator = Generator(seed: UInt64(bitPattern: Int64(configuration.seed)))
    let generator = self.generator
    method = Method(
      methodConfiguration, backbone: { configuration.backbone.makeBackbone(role: $0, using: generator) },
      using: generator)
    optimizer = ScheduledOptimizer(
      configuration.optimizer, groups: method.parameterGroups, batchSize: configuration.training.batchSize)

    let dtype = configuration.precision.dtype
    pretrainer = Pretrainer(
      method, hardViews: configuration.selection.makeHardViews(dtype: dtype), optimizer: optimizer, dtype: dtype)
    plan = resolved.views.plan
    space = configuration.selection.space(for: plan)

    let skipped = SkippedImages(maximumShare: configuration.data.skippedShareLimit, onSkip: onSkip)
    loader = ViewLoader(
      dataset: dataset,
      groups: zip(resolved.views.groups, space.poolSizes).map { DrawnViews($0.recipe, count: $1) },
      configuration: LoaderConfiguration(
        batchSize: configuration.training.batchSize, threads: configuration.data.loaderThreadCount,
        prefetchedBatches: configuration.data.prefetchedBatches, channels: configuration.backbone.channels,
        format: PixelFormat(dtype), decodingMargin: configuration.data.decodingMargin,
        shuffleBuffer: configuration.data.shuffleBuffer,
        seed: UInt64(bitPattern: Int64(configuration.seed))),
      skipped: skipped)
    guard loader.batchesPerEpoch > 0 else {
      throw ConfigurationError(
        path: "training.batch_size",
        problem: .invalid(
          "is \(configuration.training.batchSize), but there are only \(dataset.count) images (\(dataset.summary)); "
            + "choose a batch of at most that many"))
    }
    progress = TrainingProgress(stepsPerEpoch: loader.batchesPerEpoch, totalEpochs: configuration.training.epochs)
    if let checkpoint { try restore(checkpoint) }
  }

  /// Trains until the last epoch ends or `shouldStop` says so after a step.
  ///
  /// A checkpoint is written at the end of epochs as configured, and before returning.
  public func run(
    shouldStop: () -> Bool = { false }, observer: (PretrainingEvent) -> Void = { _ in }
  ) throws -> PretrainingOutcome {
    defer { loader.stop() }
    let metricsLog = try JSONLinesWriter(path: directory.metricsPath)
    let viewsLog = try JSONLinesWriter(path: directory.viewsPath)
    var metrics = MetricsAccumulator()
    var rate = RateMeter()
    var watch = FailureWatch(configuration.safety)

    while !progress.isFinished {
      if progress.stepInEpoch == 0 || rate.isNew {
        loader.startEpoch(progress.epoch, atBatch: progress.stepInEpoch)
      }
      guard let batch = try loader.next() else { break }
      let draw = SelectionDraw(
        seed: UInt64(bitPattern: Int64(configuration.seed)), epoch: progress.epoch, samples: batch.indices)
      do {
        let report = try pretrainer.step(on: pool(of: batch, for: draw), in: space, at: progress, draw: draw)
        watch.sawFiniteLoss()
        metrics.add(report, times: batch.times, parameters: batch.groups.flatMap(\.parameters), space: space)
        try record(batch, report, in: viewsLog)
      } catch let error as NonFiniteLossError {
        if let warning = try watch.warning(about: error) { observer(.warning(warning)) }
      }
      rate.count(batch.indices.count)
      let done = progress
      progress.step += 1
      let endsEpoch = progress.stepInEpoch == 0
      observer(
        .step(
          done, loss: metrics.lastLoss, imagesPerSecond: rate.perSecond,
          secondsLeft: rate.secondsLeft(steps: progress.totalSteps - progress.step)))

      let stops = shouldStop() && !progress.isFinished
      if !metrics.isEmpty, endsEpoch || stops || metrics.count >= configuration.records.metricsEverySteps {
        let line = metrics.flush(
          step: progress.step, epoch: done.epoch, learningRate: optimizer.learningRate(at: done))
        try metricsLog.append(line)
        if let warning = try watch.warning(about: line, at: done) { observer(.warning(warning)) }
        if endsEpoch { observer(.epoch(done, line)) }
      }
      if stops {
        if watch.unresolved == nil { try save() }
        return .interrupted
      }
      if progress.isFinished, let error = watch.unresolved { throw error }
      if endsEpoch && watch.unresolved == nil
        && (progress.epoch % configuration.records.checkpointEveryEpochs == 0 || progress.isFinished)
      {
        try save()
      }
    }
    return .finished
  }

  private func pool(of batch: ViewBatch, for draw: SelectionDraw) -> ViewPool {
    ViewPool(
      batch.groups.enumerated().map { index, group in
        let (size, count) = (group.drawn.size, group.parameters.count)
        let pixels = Tensor(
          borrowing: group.pixels.bytes(),
          shape: [count, batch.indices.count, size, size, batch.channels],
          dtype: DType(group.pixels.format), owner: group.pixels)
        let isLocal = plan.groups[index].isLocal
        return ViewPool.Group(
          pixels, isLocal: isLocal,
          masks: method.masks(of: MaskedViews(group: index, count: count, size: size, isLocal: isLocal), for: draw),
          boxes: group.parameters.map { $0.map(\.crop) })
      })
  }

  private func record(_ batch: ViewBatch, _ report: StepReport, in log: JSONLinesWriter) throws {
    let recorded = batch.indices.enumerated().filter { $0.element < configuration.records.viewsOfImages }
    guard !recorded.isEmpty else { return }
    let scores = space.count <= 64 ? report.scores?.scores(in: space) : nil
    for (position, image) in recorded {
      try log.append(
        ViewsRecord(
          step: progress.step, epoch: progress.epoch, image: image, name: dataset.name(at: image),
          views: batch.groups.flatMap { $0.parameters.map { $0[position] } },
          selected: report.slots.map { slots in slots.map { $0[position] } } ?? space.first,
          scores: scores.map { $0.narrowed(along: 1, from: position, count: 1).scalars() }))
    }
  }
}

// MARK: - Checkpoints

extension PretrainingRun {
  /// Everything a run needs to continue exactly: weights, statistics, optimizer, generator.
  private var state: StateDictionary {
    var state = StateDictionary(of: method, prefix: "model.")
    for (name, buffer) in optimizer.state { state.append("optimizer.\(name)", buffer.value) }
    return state
  }

  /// Writes the checkpoint to resume from, and the encoder alone under its foreign names.
  private func save() throws {
    var state = self.state
    state.append("generator", generator.state)
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let position = String(decoding: try encoder.encode(progress), as: UTF8.self)
    try state.write(
      to: directory.checkpointPath, metadata: ["format": "hardviews-checkpoint-1", "progress": position])
    try StateDictionary(of: method.encoder).write(
      to: directory.encoderPath, metadata: ["format": "pt", "architecture": configuration.backbone.name.rawValue])
  }

  private func restore(_ checkpoint: Checkpoint) throws {
    guard let text = checkpoint.metadata["progress"],
      let saved = try? JSONDecoder().decode(TrainingProgress.self, from: Data(text.utf8))
    else { throw NotACheckpointError(path: checkpoint.path) }
    guard saved.stepsPerEpoch == progress.stepsPerEpoch else {
      throw ChangedDataError(
        path: checkpoint.path, before: saved.stepsPerEpoch, now: progress.stepsPerEpoch, data: dataset.summary)
    }
    try checkpoint.load(into: state) { $0 != "generator" }
    generator.state = try checkpoint.tensor("generator")
    progress.step = saved.step
    for path in [directory.metricsPath, directory.viewsPath] {
      try JSONLines.rewrite(path) { line in
        guard let step = (try? JSONDecoder().decode(StepOfLine.self, from: Data(line.utf8)))?.step else { return false }
        return path == directory.metricsPath ? step <= saved.step : step < saved.step
      }
    }
  }
}

private struct StepOfLine: Decodable {
  var step: Int
}

/// A file that should be a run's checkpoint is something else.
public struct NotACheckpointError: Error, CustomStringConvertible {
  /// The file.
  public let path: String

  /// One paragraph.
  public var description: String {
    "\(path) holds tensors but no training position, so it is no checkpoint of a run. Name a run folder that "
      + "`hardviews pretrain` wrote."
  }
}

/// The data is not what it was when the checkpoint was written.
public struct ChangedDataError: Error, CustomStringConvertible {
  /// The checkpoint.
  public let path: String
  /// Steps an epoch then.
  public let before: Int
  /// Steps an epoch now.
  public let now: Int
  /// The data, in words.
  public let data: String

  /// One paragraph.
  public var description: String {
    "\(path) was written when an epoch had \(before) steps; with \(data) it has \(now). Resume with the data and batch "
      + "size that the run began with, or start a new run."
  }
}

/// Images a second and time left, from the last half minute or so.
private struct RateMeter {
  private var marks: [(time: ContinuousClock.Instant, images: Int)] = [(ContinuousClock.now, 0)]
  private var steps = 0
  private let capacity = 50

  var isNew: Bool { steps == 0 }

  mutating func count(_ images: Int) {
    steps += 1
    marks.append((ContinuousClock.now, marks.last!.images + images))
    if marks.count > capacity { marks.removeFirst() }
  }

  private var elapsed: Double { seconds(marks.last!.time - marks[0].time) }

  var perSecond: Double {
    elapsed > 0 ? Double(marks.last!.images - marks[0].images) / elapsed : 0
  }

  func secondsLeft(steps left: Int) -> Double {
    marks.count > 1 ? elapsed / Double(marks.count - 1) * Double(left) : 0
  }
}
