import ImageData
import Objectives
import Optimization
import RunRecords
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
  private let events: TrainingEvents
  private let clock: StageClock
  private let reasonToStop: () -> String?
  private let easing: Easing
  /// Where training is.
  public var position: TrainingProgress { state.position }

  /// Combines the parts; nothing happens before `run`.
  init(
    _ learner: L, feed: BatchFeed, health: Health, observers: [any TrainingObserver], checkpoints: CheckpointStore,
    state: TrainingState, easing: Easing, events: TrainingEvents, clock: StageClock,
    reasonToStop: @escaping () -> String? = { nil }
  ) {
    self.learner = learner
    self.feed = feed
    self.health = health
    self.observers = observers
    self.checkpoints = checkpoints
    self.state = state
    self.easing = easing
    self.events = events
    self.clock = clock
    self.reasonToStop = reasonToStop
  }

  /// Trains until the last epoch ends, until there is a reason to stop, or until it is asked to; writes a checkpoint
  /// before it returns.
  func run(asking request: () -> TrainingRequest) throws -> PretrainingOutcome {
    defer { feed.stop() }
    for observer in observers { try observer.resume(at: position) }
    while !position.isFinished {
      if let reason = reasonToStop() { return try ending(with: .stoppedEarly(reason)) }
      let batch = try clock.during(.data) { try feed.next(at: position) }
      let context = StepContext(position, BatchDraw(batch, step: position.step))
      let step = try learner.step(on: batch, in: context)
      state.position.step += 1
      do {
        try health.observe(step, at: position)
        for observer in observers { try warning { try observer.observe(step, at: position) } }
        let request = request()
        // What one worker is asked for, all do; and their clocks differ.
        let workers = Workers.current
        let isDue = request != .goOn || reasonToStop() != nil || checkpoints.isDue(at: position)
        guard try workers.anyAgrees(isDue) else { continue }
        let stops = try workers.anyAgrees(request == .stop) && !position.isFinished
        try save()
        if stops { return try ending(with: .interrupted) }
      } catch let request as GoBackRequest {
        try goBack(request)
      }
    }
    try health.validate()
    return try ending(with: .finished)
  }

  /// Goes on from an earlier checkpoint.
  private func goBack(_ request: GoBackRequest) throws {
    try easing.goBack(request)
    health.forget()
    for observer in observers { try observer.resume(at: position) }
    easing.reportReturn()
  }

  /// Saves what observers still keep, then the state.
  private func save() throws {
    try state.prepareForSaving()
    do {
      for observer in observers { try observer.finish(at: position) }
    } catch let error as RecordError {
      // A checkpoint ahead of the records would lose some of them.
      return checkpoints.couldNotSave(position, because: error)
    }
    try checkpoints.save(state, unless: health.isBroken)
  }

  private func ending(with outcome: PretrainingOutcome) throws -> PretrainingOutcome {
    try Workers.current.agreeing { try checkpoints.validate() }
    return outcome
  }

  /// Runs `body`; a disk that refuses a record becomes a warning.
  private func warning(_ body: () throws -> Void) throws {
    do {
      try body()
    } catch let error as RecordError {
      events.send(.warning("\(error) Training goes on; the record is kept until the disk takes it."))
    }
  }
}

extension BatchDraw {
  /// Identifies a loaded batch.
  public init(_ batch: ViewBatch, step: Int) {
    self.init(seed: batch.seed, epoch: batch.epoch, step: step, samples: batch.indices)
  }
}
