import Foundation
import NeuralNetworks
import Objectives
import Optimization
import RunRecords

/// Tells whoever watches how fast training is and how long it takes.
final class ProgressReporter: TrainingObserver {
  private let health: Health
  private let events: TrainingEvents
  private var marks: [(time: ContinuousClock.Instant, images: Int)] = []
  /// Speeds are those of so many steps.
  private let capacity = 50
  /// Steps before the expected end is said: the first ones take longer.
  private let stepsBeforeExpectation = 20
  private var saysExpectation = true

  init(health: Health, events: TrainingEvents) {
    self.health = health
    self.events = events
  }

  func resume(at position: TrainingProgress) throws { marks = [(ContinuousClock.now, 0)] }

  func observe(_ step: TrainingStep, at position: TrainingProgress) throws {
    marks.append((ContinuousClock.now, (marks.last?.images ?? 0) + step.context.draw.samples.count))
    if marks.count > capacity { marks.removeFirst() }
    let secondsLeft = elapsed / Double(max(marks.count - 1, 1)) * Double(position.totalSteps - position.step)
    if saysExpectation, marks.count > stepsBeforeExpectation {
      saysExpectation = false
      if let text = Self.expectation(secondsLeft: secondsLeft) { events.send(.note(text)) }
    }
    events.send(
      .step(
        step.context.position, loss: health.lastLoss,
        imagesPerSecond: elapsed > 0 ? Double(marks[marks.count - 1].images - marks[0].images) / elapsed : 0,
        secondsLeft: secondsLeft))
  }

  /// When training is likely to end, in words; nil where that is within minutes.
  static func expectation(secondsLeft: Double, now: Date = .now, calendar: Calendar = .current) -> String? {
    guard secondsLeft.isFinite, (300..<1e9).contains(secondsLeft) else { return nil }
    let end = calendar.dateComponents([.year, .month, .day, .hour, .minute], from: now + secondsLeft)
    let time = String(format: "%02d:%02d", end.hour ?? 0, end.minute ?? 0)
    let day = String(format: "%04d-%02d-%02d", end.year ?? 0, end.month ?? 0, end.day ?? 0)
    let isToday = calendar.isDate(now + secondsLeft, inSameDayAs: now)
    return "about \(describeDuration(seconds: secondsLeft)) left, done about \(isToday ? time : "\(day) \(time)")"
  }

  private var elapsed: Double { (marks[marks.count - 1].time - marks[0].time) / .seconds(1) }
}
