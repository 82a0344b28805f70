import NeuralNetworks
import Optimization
import Torch

/// The published score: the method's own loss of every choice with the current weights (paper, Algorithm 1).
public struct LossScorer: ViewScorer {
  /// What normalization does during the scoring pass.
  public var phase: Phase
  /// The type that convolutions and matrix products compute in.
  public var dtype: DType
  /// Whether residual networks convolve in 8-bit integers, which takes the phase `evaluate`.
  public var isInt8: Bool

  /// Scores in a phase; `train` is what the published code does, with running statistics moving twice a step.
  public init(phase: Phase = .train, dtype: DType = .float32, isInt8: Bool = false) {
    self.phase = phase
    self.dtype = dtype
    self.isInt8 = isInt8
  }

  /// The loss of every choice, all candidate views of a size encoded in one batch as published.
  ///
  /// Views of another size than those trained on leave running statistics alone, and what a teacher makes of them is
  /// not used again.
  public func score<Method: SelfSupervisedMethod>(
    _ pool: ViewPool, in space: CandidateSpace, method: Method, at progress: TrainingProgress
  ) -> ScoredViews {
    withoutGradients {
      let phase = pool.isScaled && phase == .train ? .score : phase
      let encodings = withScoringPrecision(dtype, isInt8: isInt8) {
        method.encode(pool.views(for: dtype), in: phase, jointly: true)
      }
      return ScoredViews(
        method.choiceLosses(encodings, in: space, at: progress),
        targets: pool.isScaled ? [] : encodings.map(method.reusableTargets))
    }
  }
}
