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
  /// Something was decided that a person may want to know.
  case note(String)
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
  private let parts: PretrainingParts<Method>
  private var pools: CandidatePools
  private let hardnessModel = HardnessModel()
  private var automatic: AutomaticSelection<Method>?
  private let pretrainer: Pretrainer<Method>
  private let loader: ViewLoader
  private var method: Method { parts.method }
  private var space: CandidateSpace { pools.space }
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
    parts = PretrainingParts(resolved, methodConfiguration)
    pretrainer = parts.pretrainer(configuration.selection)
    pools = parts.pools(configuration.selection)
    automatic = configuration.selection.budget > 0 ? AutomaticSelection(parts, model: hardnessModel) : nil
    loader = try parts.loader(
      of: dataset, drawing: automatic?.drawnViews ?? pools.drawnViews,
      keepsImages: pools.rendersLate || automatic != nil,
      skipped: SkippedImages(maximumShare: configuration.data.skippedShareLimit, onSkip: onSkip))
    progress = TrainingProgress(stepsPerEpoch: loader.batchesPerEpoch, totalEpochs: configuration.training.epochs)
    if let checkpoint { try restore(checkpoint) }
  }

  /// Trains until the last epoch ends or `shouldStop` says so after a step.
  ///
  /// A checkpoint is written at the end of epochs as configured, and before returning.
  public func run(
    shouldStop: () -> Bool = { false }, observer: (PretrainingEvent) -> Void = { _ in }
  ) throws -> PretrainingOutcome {
    try configuration.device.use { try train(shouldStop: shouldStop, observer: observer) }
  }

  /// Trains on the current device, which must be that of the initializer.
  func train(
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
        if let record = try automatic?.measure(batch, at: progress) {
          adopt(automatic!.chosen.selection)
          try JSONLinesWriter(path: directory.selectionPath).append(record)
          observer(.note(record.note))
        }
        let report = try step(on: batch, draw: draw)
        automatic?.trained(for: report.trainingSeconds)
        watch.sawFiniteLoss()
        metrics.add(report, times: batch.times, space: space)
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
          step: progress.step, epoch: done.epoch, learningRate: parts.optimizer.learningRate(at: done))
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

  /// Selects in another way from now on.
  private func adopt(_ selection: SelectionConfiguration) {
    pools = parts.pools(selection)
    pretrainer.hardViews = selection.makeHardViews(dtype: parts.dtype)
  }

  /// Selects and trains, and audits the selection in between where that is due.
  private func step(on batch: ViewBatch, draw: SelectionDraw) throws -> StepReport {
    let kept = pools.kept(of: batch, by: hardnessModel)
    let pool = pools.pool(of: batch, keeping: kept, for: method, draw: draw)
    let selected = try pretrainer.select(from: pool, in: space, at: progress, draw: draw)
    let captured = try audit(batch, selected: selected.slots, kept: kept, draw: draw)
    var report = try pretrainer.train(on: selected, at: progress)
    report.parameters = pool.parameters ?? []
    report.captured = captured
    return report
  }

  /// Holds a selection against exact losses of all drawn views; nil where no audit is due.
  private func audit(
    _ batch: ViewBatch, selected: [[Int]]?, kept: [[Int]]?, draw: SelectionDraw
  ) throws -> CapturedHardness? {
    let selection = configuration.selection
    guard selection.auditEverySteps > 0, progress.step % selection.auditEverySteps == 0 else { return nil }
    return try throwingExhaustion {
      let audit = pools.audit(
        batch, against: pools.auditSpaces.reference, for: method, dtype: parts.dtype, at: progress, draw: draw)
      audit.teach(hardnessModel)
      guard !selection.policy.trainsOnAll else { return nil }
      let slots = pools.drawnNumbers(of: selected, keeping: kept, images: batch.indices.count)
      return audit.captured(by: slots, model: hardnessModel)
    }
  }

  private func record(_ batch: ViewBatch, _ report: StepReport, in log: JSONLinesWriter) throws {
    let recorded = batch.indices.enumerated().filter { $0.element < configuration.records.viewsOfImages }
    guard !recorded.isEmpty else { return }
    let scores = space.count <= 64 ? report.scores?.scores(in: space) : nil
    let scored = scores?.shape[1] ?? 0
    for (position, image) in recorded {
      try log.append(
        ViewsRecord(
          step: progress.step, epoch: progress.epoch, image: image, name: dataset.name(at: image),
          views: report.parameters.map { $0[position] },
          selected: report.slots.map { slots in slots.map { $0[position] } } ?? space.first,
          scores: position < scored ? scores?.narrowed(along: 1, from: position, count: 1).scalars() : nil))
    }
  }
}

// MARK: - Checkpoints

extension PretrainingRun {
  /// Everything a run needs to continue exactly: weights, statistics, optimizer, generator.
  private var state: StateDictionary {
    var state = StateDictionary(of: method, prefix: "model.")
    for (name, buffer) in parts.optimizer.state { state.append("optimizer.\(name)", buffer.value) }
    for (name, buffer) in pretrainer.scaler?.state ?? [] { state.append("loss_scaler.\(name)", buffer.value) }
    if configuration.selection.auditEverySteps > 0 || automatic != nil {
      for (name, buffer) in hardnessModel.state { state.append("hardness.\(name)", buffer.value) }
    }
    return state
  }

  /// Writes the checkpoint to resume from, and the encoder alone under its foreign names.
  private func save() throws {
    var state = self.state
    state.append("generator", parts.generator.state)
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let position = String(decoding: try encoder.encode(progress), as: UTF8.self)
    var metadata = ["format": "hardviews-checkpoint-1", "progress": position]
    if let automatic {
      metadata["selection"] = String(decoding: try encoder.encode(automatic.chosen.selection), as: UTF8.self)
    }
    try state.write(to: directory.checkpointPath, metadata: metadata)
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
    hardnessModel.restore()
    if automatic != nil, let text = checkpoint.metadata["selection"] {
      let selection = try JSONDecoder().decode(SelectionConfiguration.self, from: Data(text.utf8))
      automatic?.resume(selection)
      if let automatic { adopt(automatic.chosen.selection) }
    }
    parts.generator.state = try checkpoint.tensor("generator")
    progress.step = saved.step
    for path in [directory.metricsPath, directory.viewsPath, directory.selectionPath] {
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
