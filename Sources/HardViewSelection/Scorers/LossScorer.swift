import NeuralNetworks
import Objectives
import Torch

/// The published score: the method's own loss of every choice with the current weights (paper, Algorithm 1).
public struct LossScorer: ViewScorer {
  /// How it computes.
  public var pass: ScoringPass
  /// Whose outputs are compared.
  public var network: ScoringConfiguration.Network
  /// Whether the targets of all views are wanted, also where the training pass would compute others.
  public var keepsTargets: Bool

  /// Scores by a pass.
  public init(
    _ pass: ScoringPass = ScoringPass(), by network: ScoringConfiguration.Network = .student, keepsTargets: Bool = false
  ) {
    self.pass = pass
    self.network = network
    self.keepsTargets = keepsTargets
  }

  /// The loss of every choice, all candidate views of a size encoded in one batch as published.
  ///
  /// A teacher's outputs for views of another size than in training are not reused.
  public func score<Method: SelfSupervisedMethod>(
    _ pool: ViewPool, in space: CandidateSpace, method: Method, context: StepContext
  ) -> ScoredViews {
    withoutGradients {
      let encodings = pass {
        let (views, pass) = (pool.views(for: pass.dtype), pass.pass(on: pool))
        return network == .teacher ? method.encodeByTeacher(views, for: pass) : method.encode(views, for: pass)
      }
      return ScoredViews(
        method.choiceLosses(encodings, over: space, in: context),
        targets: pool.isScaled || !(method.reusesTargets || keepsTargets) ? [] : encodings.map(method.targets))
    }
  }
}
