import NeuralNetworks
import Optimization
import Torch

/// Hardness from early features: the less similar the views look to the first stages of the encoder, the harder.
///
/// The published code's cheap selectors: cosine similarity of features averaged over the image.
public struct FeatureScorer: ViewScorer {
  /// The stage of the backbone after which features are taken; 0 for the stem.
  public var stage: Int
  /// What normalization does during the scoring pass.
  public var phase: Phase
  /// The type that convolutions and matrix products compute in.
  public var dtype: DType
  /// Whether residual networks convolve in 8-bit integers, which takes the phase `evaluate`.
  public var isInt8: Bool

  /// Compares features after a stage.
  public init(stage: Int, phase: Phase = .score, dtype: DType = .float32, isInt8: Bool = false) {
    self.stage = stage
    self.phase = phase
    self.dtype = dtype
    self.isInt8 = isInt8
  }

  /// Minus the sum of the cosine similarities of the pairs that the loss relates.
  public func score<Method: SelfSupervisedMethod>(
    _ pool: ViewPool, in space: CandidateSpace, method: Method, at progress: TrainingProgress
  ) -> ScoredViews {
    withoutGradients {
      let backbone = method.encoder
      let features = withScoringPrecision(dtype, isInt8: isInt8) {
        forward(pool.views(for: dtype), jointly: true) { [backbone.features($0, afterStage: stage, in: phase)] }
      }
      let table = Tensor.stacked(features.map { $0[0].normalized() }).permuted([1, 0, 2])
      let similarity = table.matmul(table.transposed()).permuted([1, 2, 0])
      let views = features.count
      let isApart = Tensor.ones([views, views]) - Tensor.identity(views)
      return ScoredViews(.additive(PairScores(-similarity * isApart.expandingDimension(at: 2))))
    }
  }
}
