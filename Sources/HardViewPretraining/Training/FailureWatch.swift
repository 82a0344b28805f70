import Optimization

/// Decides what happens when training goes wrong, as configured.
struct FailureWatch {
  private let safety: SafetyConfiguration
  private var stepsLeftOut = 0
  private var lastError: NonFiniteLossError?
  private var isCollapsed = false

  /// So many steps in a row may be left out.
  private static let patience = 10

  init(_ safety: SafetyConfiguration) {
    self.safety = safety
  }

  /// What is still wrong: the loss of the last step was no number, so its weights are not worth a checkpoint.
  var unresolved: NonFiniteLossError? { lastError }

  mutating func sawFiniteLoss() {
    stepsLeftOut = 0
    lastError = nil
  }

  /// What to say about a step that was left out; nil for nothing.
  /// - Throws: The error itself where training is to stop.
  mutating func warning(about error: NonFiniteLossError) throws -> String? {
    stepsLeftOut += 1
    lastError = error
    guard safety.nonFiniteLoss != .stop, stepsLeftOut < Self.patience else { throw error }
    return safety.nonFiniteLoss == .warn ? "\(error) This step was left out." : nil
  }

  /// What to say about the embedding, once until it recovers; nil for nothing.
  /// - Throws: `CollapseError` where training is to stop.
  mutating func warning(about line: MetricsRecord, at progress: TrainingProgress) throws -> String? {
    guard safety.collapse != .ignore, progress.epoch >= safety.graceEpochs else { return nil }
    let health = EmbeddingHealth(deviation: line.featureStandardDeviation, rank: line.featureRank)
    let wasCollapsed = isCollapsed
    isCollapsed = health.isCollapsed(by: safety)
    guard isCollapsed else { return nil }
    let error = CollapseError(epoch: progress.epoch, step: progress.stepInEpoch, health: health)
    if safety.collapse == .stop { throw error }
    return wasCollapsed ? nil : "\(error)"
  }
}
