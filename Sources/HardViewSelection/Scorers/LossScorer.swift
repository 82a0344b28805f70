import NeuralNetworks
import Objectives
import Torch

/// The published score: the method's own loss of every choice with the current weights (paper, Algorithm 1).
public struct LossScorer: ViewScorer {
  /// How it computes.
  public var pass: ScoringPass
  /// Whose outputs are compared.
  public var network: ScoringConfiguration.Network
  /// What ranks.
  public var score: ScoringConfiguration.Score
  /// Whether the targets of all views are wanted, also where the training pass would compute others.
  public var keepsTargets: Bool

  /// Scores by a pass.
  public init(
    _ pass: ScoringPass = ScoringPass(), by network: ScoringConfiguration.Network = .student,
    of score: ScoringConfiguration.Score = .loss, keepsTargets: Bool = false
  ) {
    self.pass = pass
    self.network = network
    self.score = score
    self.keepsTargets = keepsTargets
  }

  /// The loss of every choice, all candidate views of a size encoded in one batch as published.
  ///
  /// A teacher's outputs for views of another size than in training are not reused.
  public func score<Method: SelfSupervisedMethod>(
    _ pool: ViewPool, in space: CandidateSpace, method: Method, context: StepContext
  ) -> ScoredViews {
    withoutGradients {
      let views = pool.views(for: pass.dtype)
      let encodings = pass { encode(views, for: pass.pass(on: pool), by: method) }
      let targets = encodings.map(method.targets)
      var losses = method.choiceLosses(encodings, over: space, in: context)
      if score == .learnability {
        var known = views
        for index in known.indices { known[index].targets = targets[index] }
        let teachers = pass { method.encodeByTeacher(known, for: pass.pass(on: pool)) }
        losses = losses - method.choiceLosses(teachers, over: space, in: context)
      }
      return ScoredViews(losses, targets: pool.isScaled || !(method.reusesTargets || keepsTargets) ? [] : targets)
    }
  }

  private func encode<Method: SelfSupervisedMethod>(
    _ views: [View], for pass: Pass, by method: Method
  ) -> [Method.Encoding] {
    network == .teacher ? method.encodeByTeacher(views, for: pass) : method.encode(views, for: pass)
  }
}
