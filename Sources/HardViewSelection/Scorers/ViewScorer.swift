import NeuralNetworks
import Objectives
import Torch

/// The scores of a pool.
public struct ScoredViews: Sendable {
  /// How hard each choice is.
  public var scores: ViewScores
  /// For each view of the pool what its targets are made of, where training is to use that; else empty.
  public var targets: [[Tensor]] = []

  /// Wraps scores.
  public init(_ scores: ViewScores, targets: [[Tensor]] = []) {
    self.scores = scores
    self.targets = targets
  }
}

/// Rates the choices of views for every image; higher is harder.
public protocol ViewScorer: Sendable {
  /// Whether it needs the crops of views.
  var needsBoxes: Bool { get }

  /// Scores of every choice. Changes no weight and no method state.
  func score<Method: SelfSupervisedMethod>(
    _ pool: ViewPool, in space: CandidateSpace, method: Method, context: StepContext
  ) -> ScoredViews
}

extension ViewScorer {
  /// False: most scorers use pixels.
  public var needsBoxes: Bool { false }
}

/// How a scoring pass computes.
public struct ScoringPass: Sendable {
  /// The phase of normalization.
  public var phase: Phase
  /// The type that convolutions and matrix products compute in.
  public var dtype: DType
  /// Whether residual networks convolve in 8-bit integers, with running statistics whatever the phase.
  public var isInt8: Bool

  /// Describes a pass; `train` is what the published code does, with running statistics moving twice a step.
  public init(phase: Phase = .train, dtype: DType = .float32, isInt8: Bool = false) {
    self.phase = isInt8 ? .evaluate : phase
    self.dtype = dtype
    self.isInt8 = isInt8
  }

  /// The pass on a pool: views of another size than those trained on leave running statistics alone.
  func pass(on pool: ViewPool) -> Pass { .scoring(pool.isScaled && phase == .train ? .score : phase) }

  /// Runs `body`, which encodes views, in the precision of the pass.
  func callAsFunction<Result>(_ body: () -> Result) -> Result {
    withAutocast(to: dtype) { isInt8 ? withInt8Convolutions(body) : body() }
  }
}
