import Optimization
import Torch

/// A method whose loss is a mean of terms that each relate two views, or belong to one.
public protocol PairwiseMethod: SelfSupervisedMethod {
  /// The terms of the loss among some views.
  func lossTerms(_ encodings: [Encoding], in context: StepContext) -> LossTerms
}

extension PairwiseMethod {
  /// The mean of the terms.
  public func sampleLosses(_ encodings: [Encoding], in context: StepContext) -> Tensor {
    lossTerms(encodings, in: context).mean
  }

  /// Each term once, however many choices share it.
  public func choiceLosses(
    _ encodings: [Encoding], over space: CandidateSpace, in context: StepContext
  ) -> ViewScores {
    .additive(lossTerms(encodings, in: context).scores(in: space))
  }
}
