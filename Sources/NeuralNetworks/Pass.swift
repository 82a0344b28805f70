/// Why views are encoded; decides what normalization does and which views share a batch.
public enum Pass: Sendable, Equatable {
  /// The forward pass of a training step.
  case training
  /// The forward pass that candidate views are ranked by, normalized as a phase says.
  ///
  /// Views of one size go through as one batch, as published.
  case scoring(Phase)

  /// What layers do.
  public var phase: Phase {
    switch self {
    case .training: .train
    case .scoring(let phase): phase
    }
  }

  /// Whether views of one size go through as one batch and share its statistics.
  public var isJoint: Bool { self != .training }
}
