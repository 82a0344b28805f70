import Objectives
import Torch

/// Hardness from geometry alone: the less the crops overlap, the harder.
///
/// No network is run.
public struct OverlapScorer: ViewScorer {
  /// Makes the scorer.
  public init() {}

  /// Crops are all that counts.
  public var needsBoxes: Bool { true }

  /// Minus the sum of the overlaps, intersection over union, of the pairs that the loss relates.
  public func score<Method: SelfSupervisedMethod>(
    _ pool: ViewPool, in space: CandidateSpace, method: Method, context: StepContext
  ) -> ScoredViews {
    ScoredViews(.additive(.ofPairs(-Overlaps.matrix(of: required(pool.boxes)))))
  }
}
