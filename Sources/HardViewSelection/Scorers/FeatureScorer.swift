import NeuralNetworks
import Objectives
import Torch

/// Hardness from early features: the less similar the views look to the first stages of the encoder, the harder.
///
/// The published code's cheap selectors: cosine similarity of features averaged over the image.
public struct FeatureScorer: ViewScorer {
  /// The stage of the backbone after which features are taken; 0 for the stem.
  public var stage: Int
  /// How it computes.
  public var pass: ScoringPass

  /// Compares features after a stage.
  public init(stage: Int, _ pass: ScoringPass = ScoringPass(phase: .score)) {
    self.stage = stage
    self.pass = pass
  }

  /// Minus the sum of the cosine similarities of the pairs that the loss relates.
  public func score<Method: SelfSupervisedMethod>(
    _ pool: ViewPool, in space: CandidateSpace, method: Method, context: StepContext
  ) -> ScoredViews {
    withoutGradients {
      let backbone = method.encoder
      let features = pass {
        pool.views(for: pass.dtype).encoded(jointly: true) {
          [backbone.features($0, afterStage: stage, in: pass.phase)]
        }
      }
      let table = Tensor.stacked(features.map { $0[0].normalized() }).permuted([1, 0, 2])
      return ScoredViews(.additive(.ofPairs(-table.matmul(table.transposed()).permuted([1, 2, 0]))))
    }
  }
}

extension PairScores {
  /// Scores of pairs of different views, `[views, views, batch]`; what a view scores with itself does not count.
  static func ofPairs(_ table: Tensor) -> PairScores {
    let views = table.shape[0]
    return PairScores(table * (1.0 - Tensor.identity(views)).expandingDimension(at: 2))
  }
}
