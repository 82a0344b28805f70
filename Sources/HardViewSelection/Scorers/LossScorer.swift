import NeuralNetworks
import Objectives
import Torch

/// The published score: the method's own loss of every choice with the current weights (paper, Algorithm 1).
public struct LossScorer: ViewScorer {
  /// How it computes.
  public var pass: ScoringPass

  /// Scores by a pass.
  public init(_ pass: ScoringPass = ScoringPass()) {
    self.pass = pass
  }

  /// The loss of every choice, all candidate views of a size encoded in one batch as published.
  ///
  /// A teacher's outputs for views of another size than in training are not reused.
  public func score<Method: SelfSupervisedMethod>(
    _ pool: ViewPool, in space: CandidateSpace, method: Method, context: StepContext
  ) -> ScoredViews {
    withoutGradients {
      let encodings = pass { method.encode(pool.views(for: pass.dtype), for: pass.pass(on: pool)) }
      return ScoredViews(
        method.choiceLosses(encodings, over: space, in: context),
        targets: pool.isScaled ? [] : encodings.map(method.reusableTargets))
    }
  }
}
