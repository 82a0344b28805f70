import NeuralNetworks
import Optimization
import Torch

/// What a scorer found out.
public struct ScoredViews: Sendable {
  /// How hard each choice is.
  public var scores: ViewScores
  /// For each view of the pool what the teacher made of it, where training can use that again; else empty.
  public var targets: [[Tensor]] = []

  /// Wraps scores.
  public init(_ scores: ViewScores, targets: [[Tensor]] = []) {
    self.scores = scores
    self.targets = targets
  }
}

/// Rates the choices of views for every image; higher is harder.
public protocol ViewScorer: Sendable {
  /// Whether it looks at the crops of views.
  var needsBoxes: Bool { get }

  /// Scores of every choice. Changes no weight and no method state.
  func score<Method: SelfSupervisedMethod>(
    _ pool: ViewPool, in space: CandidateSpace, method: Method, at progress: TrainingProgress
  ) -> ScoredViews
}

extension ViewScorer {
  /// False: most scorers look at pixels.
  public var needsBoxes: Bool { false }
}

/// Runs a scoring pass whose convolutions and products compute in `dtype`, or those of residual networks in int8.
func withScoringPrecision<Result>(_ dtype: DType, isInt8: Bool, _ body: () -> Result) -> Result {
  withAutocast(to: dtype) { isInt8 ? withInt8Convolutions(body) : body() }
}
