import HardViewSelection
import NeuralNetworks
import Optimization
import RunRecords

/// Writes `selection.jsonl`, what calibrations found, and says what was chosen.
final class SelectionRecorder: TrainingObserver {
  private let log: StepLog
  private let events: TrainingEvents

  init(_ directory: RunDirectory, events: TrainingEvents) {
    log = StepLog(path: directory.selectionPath, counts: .stepsBefore)
    self.events = events
  }

  func resume(at position: TrainingProgress) throws { try log.cut(atStep: position.step) }

  func finish(at position: TrainingProgress) throws { try log.flush() }

  func observe(_ step: TrainingStep, at position: TrainingProgress) throws {
    guard let record = step.calibration else { return }
    try log.append(record)
    events.send(.note(record.note))
  }
}
