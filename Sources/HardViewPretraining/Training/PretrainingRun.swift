import Checkpoints
import HardViewSelection
import ImageData
import NeuralNetworks
import Objectives
import Optimization
import RunRecords
import Torch

/// A run of any method, ready to train.
public protocol PretrainingTask {
  /// Trains until the last epoch ends, or until it is asked to stop; a checkpoint is written before it returns.
  ///
  /// - Parameters:
  ///   - request: Asked after every step what to do.
  ///   - observer: Told what happens.
  /// - Throws: `RecordError` when another process trains in the run folder or the disk refuses to begin;
  ///   `CheckpointNotWrittenError` when the last checkpoint could not be written; errors of data and training.
  func run(asking request: () -> TrainingRequest, observer: (PretrainingEvent) -> Void) throws -> PretrainingOutcome
  /// The encoder.
  var encoder: any Backbone { get }
  /// A description for users.
  var summary: TrainingSummary { get }
}

/// What is asked of a training after a step.
public enum TrainingRequest: Sendable, Equatable {
  /// Nothing.
  case goOn
  /// Write a checkpoint and go on.
  case checkpoint
  /// Write a checkpoint and stop.
  case stop
}

extension PretrainingTask {
  /// Trains until the last epoch ends or `shouldStop` returns true after a step; writes a checkpoint before it returns.
  public func run(
    shouldStop: () -> Bool = { false }, observer: (PretrainingEvent) -> Void = { _ in }
  ) throws -> PretrainingOutcome {
    try run(asking: { shouldStop() ? .stop : .goOn }, observer: observer)
  }
}

/// A pretraining run in a folder of its own: loader, learner, observers and checkpoints put together.
public final class PretrainingRun<Method: SelfSupervisedMethod>: PretrainingTask {
  private let device: DeviceChoice
  private let sharesBatchStatistics: Bool
  private let method: Method
  private let session: RunSession
  private let events = TrainingEvents()
  private let trainer: Trainer<HardViewLearner<Method>>

  /// The networks.
  public var pretrained: Method { method }
  /// The encoder.
  public var encoder: any Backbone { method.encoder }
  /// A description for users.
  public let summary: TrainingSummary

  /// Puts everything together for the first step, or for the step that `checkpoint` stopped at; changes nothing on disk.
  ///
  /// - Parameters:
  ///   - parts: Networks, optimizer and settings.
  ///   - dataset: The images; training leaves out those that are held out for the online signal.
  ///   - session: The folder where records and checkpoints go.
  ///   - checkpoint: Continue from here; nil to begin.
  ///   - onSkip: Told about every image that could not be used.
  /// - Throws: `ConfigurationError`, `LoaderError`, `SafetensorsError`, `MismatchError`, `PartsError`; `WeightsError`
  ///   where the file that training begins with does not fit.
  init(
    _ parts: PretrainingParts<Method>, dataset: any ImageDataset, session: RunSession,
    resumingFrom checkpoint: Checkpoint?, onSkip: @escaping @Sendable (SkippedImage) -> Void
  ) throws {
    let values = parts.configuration
    let (directory, records) = (session.directory, session.records)
    self.session = session
    device = values.device
    sharesBatchStatistics = values.training.sharesBatchStatistics
    method = parts.method
    let online = OnlineMeasurement(of: parts.method.encoder, on: dataset, parts.resolved, dtype: parts.setting.dtype)
    let dataset = online.training
    let learner = try parts.learner(
      values.selection, frozenEncoderEpochs: values.training.frozenEncoderEpochs,
      accumulation: values.training.accumulation, imageCount: dataset.count)
    let clock = learner.selection.clock
    let fingerprints = ImageFingerprints(count: dataset.count)
    let weights = try values.data.weights.weights(of: dataset)
    let loader = try parts.loader(
      of: dataset, for: learner.selection,
      skipped: SkippedImages(maximumShare: values.data.skippedShareLimit, onSkip: onSkip), weights: weights?.weights,
      fingerprints: fingerprints)
    let healthLog = HealthLog(records, dataset: dataset, fingerprints: fingerprints, events: events)
    let health = Health(values.safety, log: healthLog, events: events)
    let own = try parts.resolved.components.makeObservers(
      of: ObservedRun(
        directory: records, dataset: dataset, encoder: method.encoder, configuration: parts.resolved, events: events))
    let tensorBoard =
      try values.records.tensorboard
      ? TensorBoardRecorder(
        records, pictures: ChosenViewsPicture(dataset: dataset, recipes: parts.resolved.drawnRecipes())) : nil
    var observers: [any TrainingObserver] = [
      online.observer(imagesPerEpoch: loader.batchesPerEpoch * values.training.batchSize, clock: clock, events: events),
      ViewsRecorder(records, dataset: dataset, values.records, seed: UInt64(bitPattern: Int64(values.seed))),
      SelectionRecorder(records, events: events), healthLog, ProgressReporter(health: health, events: events),
    ]
    if let tensorBoard { observers.append(tensorBoard) }
    // Metrics come last: their lines hold what the others have found.
    observers.append(
      MetricsRecorder(
        records, everySteps: values.records.metricsEverySteps, health: health, healthLog: healthLog,
        tensorBoard: tensorBoard, clock: clock, events: events, signals: online.history,
        learningRate: learner.optimizer.learningRate))
    let state = TrainingState(
      TrainingProgress(
        stepsPerEpoch: loader.batchesPerEpoch, totalEpochs: values.training.epochs,
        restarts: values.training.restarts),
      imageCount: dataset.count,
      parts: learner.parts + [("generator", GeneratorPart(parts.generator)), ("online", online.history)]
        + own.map { ("observer.\($0.name)", $0.observer) })
    let easing = Easing(
      learner.selection, directory, state: state, data: dataset.summary, log: healthLog, events: events)
    health.easing = easing
    trainer = Trainer(
      learner, feed: BatchFeed(loader), health: health, observers: observers + own.map(\.observer),
      checkpoints: CheckpointStore(
        directory, encoder: method.encoder, describedBy: parts.resolved.encoder,
        configuration: values.records.checkpoints, events: events,
        isBest: { online.history.isBest(atStep: state.position.step) }),
      state: state, easing: easing, events: events, clock: clock,
      reasonToStop: Patience(epochs: values.training.patience, signals: online.history).reasonToStop)
    let initialization = try checkpoint == nil ? parts.initialize() : nil
    if let checkpoint { try state.restore(checkpoint, data: dataset.summary) }
    summary = TrainingSummary(
      of: parts.resolved, dataset: dataset,
      parameterCount: method.parameters.reduce(0) { $0 + $1.value.elementCount },
      initialization: initialization, normalizesOverBatch: method.normalizesOverBatch, dtype: parts.setting.dtype,
      position: state.position, weighted: weights?.known)
  }

  /// Trains until the last epoch ends, or until it is asked to stop.
  public func run(
    asking request: () -> TrainingRequest, observer: (PretrainingEvent) -> Void
  ) throws -> PretrainingOutcome {
    try device.use { try train(asking: request, observer: observer) }
  }

  /// Trains on the current device, which must be that of the initializer.
  func train(
    asking request: () -> TrainingRequest = { .goOn }, observer: (PretrainingEvent) -> Void = { _ in }
  ) throws -> PretrainingOutcome {
    try withoutActuallyEscaping(observer) { observer in
      events.handler = observer
      defer { events.handler = { _ in } }
      defer { session.end(atStep: trainer.position.step) }
      try session.begin(at: trainer.position, device: device, events: events)
      return try withLocalBatchStatistics(!sharesBatchStatistics) { try trainer.run(asking: request) }
    }
  }
}
