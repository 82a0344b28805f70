import ImageData
import Objectives
import Optimization
import Torch

/// The loop of a training: batches in, steps of a learner, observers, checkpoints.
///
/// Knows no objective.
public final class Trainer<L: Learner> {
  private let learner: L
  private let feed: BatchFeed
  private let health: Health
  private let observers: [any TrainingObserver]
  private let checkpoints: CheckpointStore
  private let state: TrainingState
  private let communicator: any Communicator
  private let clock: StageClock
  /// Where training is.
  public var position: TrainingProgress { state.position }

  /// Combines the parts; nothing happens before `run`.
  init(
    _ learner: L, feed: BatchFeed, health: Health, observers: [any TrainingObserver], checkpoints: CheckpointStore,
    state: TrainingState, communicator: any Communicator = SingleWorker(), clock: StageClock
  ) {
    self.learner = learner
    self.feed = feed
    self.health = health
    self.observers = observers
    self.checkpoints = checkpoints
    self.state = state
    self.communicator = communicator
    self.clock = clock
  }

  /// Trains until the last epoch ends or `shouldStop` says so after a step; writes a checkpoint before it returns.
  func run(until shouldStop: () -> Bool) throws -> PretrainingOutcome {
    defer { feed.stop() }
    for observer in observers { try observer.resume(at: position) }
    while !position.isFinished {
      let batch = try clock.during(.data) { try feed.next(at: position) }
      let context = StepContext(position, BatchDraw(batch, step: position.step), communicator: communicator)
      let step = try learner.step(on: batch, in: context)
      state.position.step += 1
      try health.observe(step, at: position)
      for observer in observers { try observer.observe(step, at: position) }
      let stops = communicator.anyAgrees(shouldStop()) && !position.isFinished
      if stops { for observer in observers { try observer.finish(at: position) } }
      if stops || checkpoints.isDue(at: position) { try checkpoints.save(state, unless: health.isBroken) }
      if stops { return .interrupted }
    }
    try health.validate()
    return .finished
  }
}

extension BatchDraw {
  /// Identifies a loaded batch.
  public init(_ batch: ViewBatch, step: Int) {
    self.init(seed: batch.seed, epoch: batch.epoch, step: step, samples: batch.indices)
  }
}
