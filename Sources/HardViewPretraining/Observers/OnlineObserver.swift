import Foundation
import ImageData
import NeuralNetworks
import Optimization
import RepresentationEvaluation
import Torch

/// Measures the online signal when it is due, and says what was found.
final class OnlineObserver: TrainingObserver {
  private let evaluator: OnlineEvaluator?
  private let history: SignalHistory
  private let everyEpochs: Int
  private let clock: StageClock
  private let events: TrainingEvents
  private var began = ContinuousClock.now
  private var seconds = 0.0

  /// - Parameter evaluator: Measures; nil where nothing is to be measured.
  init(
    _ evaluator: OnlineEvaluator?, history: SignalHistory, everyEpochs: Int, clock: StageClock, events: TrainingEvents
  ) {
    self.evaluator = evaluator
    self.history = history
    self.everyEpochs = everyEpochs
    self.clock = clock
    self.events = events
  }

  func resume(at position: TrainingProgress) throws {
    began = .now
    if position.step == 0 { try measure(at: position) }
  }

  func observe(_ step: TrainingStep, at position: TrainingProgress) throws {
    guard position.stepInEpoch == 0 else { return }
    if position.epoch % everyEpochs == 0 || position.isFinished { try measure(at: position) }
  }

  /// A sample that cannot be read ends no training.
  private func measure(at position: TrainingProgress) throws {
    guard let evaluator else { return }
    try clock.during(.evaluation) {
      let start = ContinuousClock.now
      do {
        let signal = try evaluator.signal(at: position)
        history.add(signal)
        seconds += (ContinuousClock.now - start) / .seconds(1)
        let share = seconds / max((ContinuousClock.now - began) / .seconds(1), seconds)
        events.send(
          .signal(signal, Self.line(on: signal, best: history.best, share: position.step > 0 ? share : nil)))
      } catch {
        // Others would wait for a worker that goes on after something that has happened to it alone.
        guard Workers.current.count == 1 || Self.isOfAll(error) else { throw error }
        events.send(.warning("The online signal was not measured: \(error)"))
      }
    }
  }

  /// Whether all workers have the error.
  private static func isOfAll(_ error: any Error) -> Bool {
    error is OtherWorkerError || error is LoaderError || error is EvaluationDataError
  }

  /// One line for people; `share` is that of the time that signals have taken.
  static func line(on signal: OnlineSignal, best: OnlineSignal?, share: Double?) -> String {
    func percent(_ share: Double) -> String { String(format: "%.1f %%", share * 100) }
    func quality(_ signal: OnlineSignal) -> String {
      signal.knn.map { percent($0) } ?? String(format: "%.3f", -signal.quality)
    }
    let kind = signal.neighbours.map { "\($0)-NN" } ?? "alignment + uniformity"
    var parts = ["\(kind) \(quality(signal))"]
    if let best {
      parts[0] += best.step == signal.step ? " (best)" : " (best \(quality(best)) after epoch \(best.epoch))"
    }
    parts.append(
      String(format: "alignment %.2f, uniformity %.2f, rank %.1f", signal.alignment, signal.uniformity, signal.rank))
    parts.append("\(percent(signal.retrieval)) of views find their image")
    if let share { parts.append("\(percent(share)) of the time") }
    return (signal.step == 0 ? "before training: " : "after epoch \(signal.epoch): ") + parts.joined(separator: "; ")
  }
}
