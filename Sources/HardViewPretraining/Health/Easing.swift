import Checkpoints
import HardViewSelection
import NeuralNetworks
import Optimization
import RunRecords
import Torch

/// A problem that `safety` answers by going back to an earlier checkpoint.
struct GoBackRequest: Error {
  /// What ends training where there is no way back.
  let problem: any Error
  /// The problem in one sentence.
  let message: String
}

/// Lowers the share of hard views, and goes back to earlier checkpoints, where `safety` asks for it.
final class Easing {
  private let selection: ViewSelection
  private let directory: RunDirectory
  private let state: TrainingState
  /// The data, in words, for errors.
  private let data: String
  private let log: HealthLog
  private let events: TrainingEvents
  private var returns = 0
  /// That training went back, until the records of the steps that are undone have been dropped.
  private var unreported: String?

  /// Training goes back so many times at most.
  private static let patience = 3

  init(
    _ selection: ViewSelection, _ directory: RunDirectory, state: TrainingState, data: String, log: HealthLog,
    events: TrainingEvents
  ) {
    self.selection = selection
    self.directory = directory
    self.state = state
    self.data = data
    self.log = log
    self.events = events
  }

  /// Halves the share of hard views; does nothing where none are selected.
  func lowerShare(because message: String) {
    guard selection.selectsAny(at: state.position) else { return }
    selection.ease(to: selection.easing / 2)
    report(.loweredShare, "\(message) The share of hard views was lowered to \(share).")
  }

  /// Goes back to a checkpoint, each time to an earlier one of those that are kept, with half the share of hard views.
  ///
  /// - Throws: The problem itself, where training went back too often, nothing would be different the second time, or no
  ///   checkpoint can be read.
  func goBack(_ request: GoBackRequest) throws {
    guard returns < Self.patience, selection.selectsAny(at: state.position) else { throw request.problem }
    // As the first worker sees them, which writes them.
    let workers = Workers.current
    let saved = try workers.gatheredValues(directory.savedCheckpoints().map(\.path))[0]
    guard let path = saved.dropFirst(min(returns, max(saved.count - 1, 0))).first,
      let checkpoint = try? workers.agreeing({ try Checkpoint(path: path) })
    else { throw request.problem }
    returns += 1
    let easing = selection.easing / 2
    let from = state.position
    try state.restore(checkpoint, data: data)
    selection.ease(to: easing)
    log.goBack()
    unreported =
      "\(request.message) Training went back from step \(from.step) to step \(state.position.step) and goes on with "
      + "\(share) of the hard views."
  }

  /// Says that training went back, once the records of the steps that are undone have been dropped.
  func reportReturn() {
    if let message = unreported { report(.wentBack, message) }
    unreported = nil
  }

  private var share: String { "\(Int((100 * selection.easing).rounded())) %" }

  private func report(_ kind: HealthFinding.Kind, _ message: String) {
    events.send(.warning(message))
    log.record(
      HealthFinding(
        step: state.position.step, epoch: state.position.epoch, kind: kind, message: message,
        advice: "Where it happens again, lower optimizer.learning_rate or draw views that are less hard "
          + "(selection.overlap_floor=0.1, a larger views.crop.scale)"),
      isSaid: true, repeats: true)
  }
}
