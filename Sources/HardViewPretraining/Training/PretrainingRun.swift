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
  /// Trains until the last epoch ends or `shouldStop` says so after a step; a checkpoint is written before it returns.
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

/// A pretraining run in a folder of its own: loader, learner, observers and checkpoints put together.
public final class PretrainingRun<Method: SelfSupervisedMethod>: PretrainingTask {
  private let device: DeviceChoice
  private let method: Method
  private let events = TrainingEvents()
  private let trainer: Trainer<HardViewLearner<Method>>

  /// The networks.
  public var pretrained: Method { method }
  /// What is being pretrained.
  public var encoder: any Backbone { method.encoder }

  /// Puts everything together for the first step, or for the step that `checkpoint` stopped at; changes nothing on disk.
  ///
  /// - Parameters:
  ///   - parts: Networks, optimizer and settings.
  ///   - dataset: The images.
  ///   - directory: Where records and checkpoints go.
  ///   - checkpoint: Continue from here; nil to begin.
  ///   - onSkip: Told about every image that could not be used.
  /// - Throws: `ConfigurationError`, `LoaderError`, `SafetensorsError`, `MismatchError`, `PartsError`.
  init(
    _ parts: PretrainingParts<Method>, dataset: any ImageDataset, directory: RunDirectory,
    resumingFrom checkpoint: Checkpoint?, onSkip: @escaping @Sendable (SkippedImage) -> Void
  ) throws {
    let values = parts.configuration
    device = values.device
    method = parts.method
    let learner = try parts.learner(values.selection)
    let clock = learner.selection.clock
    let loader = try parts.loader(
      of: dataset, for: learner.selection,
      skipped: SkippedImages(maximumShare: values.data.skippedShareLimit, onSkip: onSkip))
    let health = Health(values.safety, events: events)
    let own = try parts.resolved.components.makeObservers(
      of: ObservedRun(
        directory: directory, dataset: dataset, encoder: method.encoder, configuration: parts.resolved, events: events))
    let observers: [any TrainingObserver] = [
      ViewsRecorder(directory, dataset: dataset, imageCount: values.records.viewsOfImages),
      SelectionRecorder(directory, events: events), ProgressReporter(health: health, events: events),
      MetricsRecorder(
        directory, everySteps: values.records.metricsEverySteps, health: health, clock: clock, events: events,
        learningRate: learner.optimizer.learningRate),
    ]
    let state = TrainingState(
      TrainingProgress(stepsPerEpoch: loader.batchesPerEpoch, totalEpochs: values.training.epochs),
      parts: learner.parts + [("generator", GeneratorPart(parts.generator))]
        + own.map { ("observer.\($0.name)", $0.observer) })
    trainer = Trainer(
      learner, feed: BatchFeed(loader), health: health, observers: observers + own.map(\.observer),
      checkpoints: CheckpointStore(
        directory, encoder: method.encoder, architecture: values.backbone.name.rawValue,
        everyEpochs: values.records.checkpointEveryEpochs),
      state: state, clock: clock)
    if let checkpoint { try state.restore(checkpoint, data: dataset.summary) }
  }

  /// Trains until the last epoch ends or `shouldStop` says so after a step.
  public func run(
    shouldStop: () -> Bool = { false }, observer: (PretrainingEvent) -> Void = { _ in }
  ) throws -> PretrainingOutcome {
    try device.use { try train(shouldStop: shouldStop, observer: observer) }
  }

  /// Trains on the current device, which must be that of the initializer.
  func train(
    shouldStop: () -> Bool = { false }, observer: (PretrainingEvent) -> Void = { _ in }
  ) throws -> PretrainingOutcome {
    try withoutActuallyEscaping(observer) { observer in
      events.handler = observer
      defer { events.handler = { _ in } }
      return try trainer.run(until: shouldStop)
    }
  }
}
