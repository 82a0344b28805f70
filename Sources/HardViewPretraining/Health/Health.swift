import HardViewSelection
import Objectives
import Optimization
import RunRecords
import Torch

/// Watches for losses that are NaN or infinite and for collapse, and decides what happens, as configured.
///
/// A part that the checkpoint store asks, so that a broken training never replaces a good checkpoint. Losses are read at
/// every step on a processor, where reading waits for nothing, and every sixteen steps on a GPU.
final class Health {
  private let safety: SafetyConfiguration
  private let events: TrainingEvents
  private let log: HealthLog
  /// Lowers the share of hard views, where `safety` asks for it.
  var easing: Easing?
  private var unread: [(loss: Tensor, context: StepContext)] = []
  private var stepsLeftOut = 0
  private var lastError: NonFiniteLossError?
  private var isCollapsed = false
  /// The latest loss that is known.
  private(set) var lastLoss = Double.nan

  /// So many steps in a row may be left out.
  private static let patience = 10
  private let stepsUnread = Device.current == .cpu ? 1 : 16

  /// - Parameter log: Where findings are written before anybody is warned, or training stops; is handed every loss.
  init(_ safety: SafetyConfiguration, log: HealthLog, events: TrainingEvents) {
    self.safety = safety
    self.log = log
    self.events = events
  }

  /// Records a problem that is warned of here.
  private func record(_ kind: HealthFinding.Kind, _ message: String, _ advice: String, at position: TrainingProgress) {
    log.record(
      HealthFinding(step: position.step + 1, epoch: position.epoch, kind: kind, message: message, advice: advice),
      isSaid: true)
  }

  /// Looks at a step now or soon.
  /// - Throws: `NonFiniteLossError` where training is to stop.
  func observe(_ step: TrainingStep, at position: TrainingProgress) throws {
    unread.append((step.loss, step.context))
    if unread.count >= stepsUnread || position.stepInEpoch == 0 { try read() }
  }

  /// Whether the last step's loss was NaN or infinite, so that its weights are not worth a checkpoint.
  var isBroken: Bool {
    get throws {
      try read()
      return lastError != nil
    }
  }

  /// Throws where training ended with a loss that was NaN or infinite.
  func validate() throws {
    if try isBroken, let lastError { throw lastError }
  }

  private func read() throws {
    defer { unread = [] }
    guard !unread.isEmpty else { return }
    let losses = Tensor.stacked(unread.map(\.loss)).scalars(as: Double.self)
    for (step, loss) in zip(unread, losses) {
      log.take(loss, in: step.context)
      try judge(loss, at: step.context.position)
    }
  }

  private func judge(_ loss: Double, at position: TrainingProgress) throws {
    guard !loss.isFinite else {
      (stepsLeftOut, lastError, lastLoss) = (0, nil, loss)
      return
    }
    let error = NonFiniteLossError(epoch: position.epoch, step: position.stepInEpoch, loss: loss)
    stepsLeftOut += 1
    lastError = error
    record(.nonFiniteLoss, error.message, error.advice, at: position)
    if safety.nonFiniteLoss == .goBack { throw GoBackRequest(problem: error, message: error.message) }
    guard safety.nonFiniteLoss != .stop, stepsLeftOut < Self.patience else { throw error }
    if safety.nonFiniteLoss != .ignore { events.send(.warning("\(error) This step was left out.")) }
    // Once for several steps in a row.
    if safety.nonFiniteLoss == .lowerShare, stepsLeftOut == 1 { easing?.lowerShare(because: error.message) }
  }

  /// Judges the embedding after a step; warns once until it recovers.
  /// - Throws: `CollapseError` where training is to stop.
  func judge(_ embedding: EmbeddingHealth, at position: TrainingProgress) throws {
    guard safety.collapse != .ignore, position.epoch >= safety.graceEpochs else { return }
    let wasCollapsed = isCollapsed
    isCollapsed = embedding.isCollapsed(by: safety)
    guard isCollapsed else { return }
    let error = CollapseError(epoch: position.epoch, step: position.stepInEpoch, health: embedding)
    record(.collapse, error.message, error.advice, at: position)
    if !wasCollapsed, safety.collapse != .stop { events.send(.warning("\(error)")) }
    switch safety.collapse {
    case .stop: throw error
    case .goBack: throw GoBackRequest(problem: error, message: error.message)
    case .lowerShare where !wasCollapsed: easing?.lowerShare(because: error.message)
    case .warn, .ignore, .lowerShare: break
    }
  }

  /// Reacts to what metrics have shown for the first time, which was warned of.
  /// - Throws: `TooHardViewsError` where training is to stop.
  func judge(_ findings: [HealthFinding]) throws {
    guard let finding = findings.first(where: { [.partialCollapse, .distantViews].contains($0.kind) }) else { return }
    let error = TooHardViewsError(finding: finding)
    switch safety.tooHard {
    case .stop: throw error
    case .goBack: throw GoBackRequest(problem: error, message: finding.message)
    case .lowerShare: easing?.lowerShare(because: finding.message)
    case .warn, .ignore: break
    }
  }

  /// Forgets the steps that are undone.
  func forget() {
    (unread, stepsLeftOut, lastError, isCollapsed) = ([], 0, nil, false)
  }
}

/// Hard views seem to be too hard.
public struct TooHardViewsError: Error, CustomStringConvertible {
  /// What was seen.
  public let finding: HealthFinding

  /// One paragraph: what was seen, what to change.
  public var description: String { "\(finding.message) \(finding.advice)." }
}

/// The loss is NaN or infinite.
public struct NonFiniteLossError: Error, CustomStringConvertible {
  /// The epoch, from 0.
  public let epoch: Int
  /// The step within the epoch, from 0.
  public let step: Int
  /// The loss.
  public let loss: Double

  var message: String {
    "The loss became \(loss) in epoch \(epoch + 1), step \(step + 1). No weight was changed by this step and the last "
      + "checkpoint is good."
  }

  var advice: String {
    "Try a lower optimizer.learning_rate, a warm-up (optimizer.schedule.warmup_epochs), "
      + "optimizer.clipping.kind=global, precision=fp32, or views that are less hard (selection.overlap_floor=0.1, "
      + "selection.share.start=0)"
  }

  /// One paragraph: where it happened, what is safe, what to try.
  public var description: String { "\(message) \(advice). With safety.non_finite_loss=warn such steps are left out." }
}
