import Objectives
import Torch

/// A uniformly random choice for each image, without a scoring pass.
public struct UniformChoice: ViewSelector {
  /// Makes the selector.
  public init() {}

  /// Scores are not needed.
  public var needsScores: Bool { false }

  /// Draws from a generator keyed by seed, epoch and image.
  public func choose(_ scores: ViewScores?, in context: SelectionContext) -> Tensor {
    context.draw.randomChoices(from: context.space)
  }
}
