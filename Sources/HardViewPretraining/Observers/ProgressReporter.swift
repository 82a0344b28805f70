import NeuralNetworks
import Objectives
import Optimization
import Torch

/// Tells whoever watches how fast training is and how long it takes.
final class ProgressReporter: TrainingObserver {
  private let health: Health
  private let events: TrainingEvents
  private var marks: [(time: ContinuousClock.Instant, images: Int)] = []
  /// The number of steps that speeds are averaged over.
  private let capacity = 50

  init(health: Health, events: TrainingEvents) {
    self.health = health
    self.events = events
  }

  func resume(at position: TrainingProgress) throws { marks = [(ContinuousClock.now, 0)] }

  func observe(_ step: TrainingStep, at position: TrainingProgress) throws {
    marks.append(
      (ContinuousClock.now, (marks.last?.images ?? 0) + step.context.draw.samples.count * Workers.current.count))
    if marks.count > capacity { marks.removeFirst() }
    events.send(
      .step(
        step.context.position, loss: health.lastLoss,
        imagesPerSecond: elapsed > 0 ? Double(marks[marks.count - 1].images - marks[0].images) / elapsed : 0,
        secondsLeft: elapsed / Double(max(marks.count - 1, 1)) * Double(position.totalSteps - position.step)))
  }

  private var elapsed: Double { (marks[marks.count - 1].time - marks[0].time) / .seconds(1) }
}
