import Optimization
import Torch

/// A method whose loss is a mean of terms that each relate two views, or belong to one.
public protocol PairwiseMethod: SelfSupervisedMethod {
  /// The terms of the loss among some views.
  func lossTerms(_ encodings: [Encoding], at progress: TrainingProgress) -> LossTerms
}

extension PairwiseMethod {
  /// The mean of the terms.
  public func sampleLosses(_ encodings: [Encoding], at progress: TrainingProgress) -> Tensor {
    lossTerms(encodings, at: progress).mean
  }

  /// Each term once, however many choices share it.
  public func choiceLosses(
    _ encodings: [Encoding], in space: CandidateSpace, at progress: TrainingProgress
  ) -> ViewScores {
    .additive(lossTerms(encodings, at: progress).scores(in: space))
  }
}
