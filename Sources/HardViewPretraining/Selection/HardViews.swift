import Optimization
import Torch

/// What was chosen from a pool.
public struct Selection {
  /// The views to train on, in slot order.
  public var views: [View]
  /// For each image the chosen index into the candidate space, `[batch]`; nil when there was only one choice.
  public var choice: Tensor?
  /// The scores that decided, `[candidates, batch]`; nil when none were computed.
  public var scores: Tensor?
}

/// Picks, for every image, the views that a selector prefers by a scorer's rating.
///
/// Knows no method: with N candidates for two slots it scores N(N−1)/2 pairs, with one possible choice it scores
/// nothing, so plain training is hard-view training with a pool of two.
public struct HardViews: Sendable {
  /// Rates the choices.
  public var scorer: any ViewScorer
  /// Chooses by the rating.
  public var selector: any ViewSelector

  /// Combines a scorer and a selector.
  public init(scorer: any ViewScorer, selector: any ViewSelector) {
    self.scorer = scorer
    self.selector = selector
  }

  /// Selects from a pool whose choices are those of `space`.
  public func select<Method: SelfSupervisedMethod>(
    from pool: ViewPool, in space: CandidateSpace, for method: Method, at progress: TrainingProgress,
    draw: SelectionDraw
  ) -> Selection {
    guard space.count > 1 else {
      let views = pool.views
      return Selection(views: space.candidates[0].map { views[$0] })
    }
    let scores =
      selector.needsScores ? scorer.scores(of: pool, in: space, method: method, at: progress) : nil
    let choice = selector.choose(scores, from: space, for: draw)
    return Selection(views: pool.gathered(choice, from: space), choice: choice, scores: scores)
  }
}
