import Objectives
import Optimization
import Torch

/// When selection takes place, and for how many images.
public struct SelectionTimes: Sendable, Equatable {
  /// With k, views are selected at every k-th step; the steps in between train on random views.
  public var everySteps: Int
  /// The share of training, or of a cycle where schedules restart, at which selection begins.
  public var from: Double
  /// The share of training at which selection ends.
  public var until: Double
  /// The share of the images whose views are selected; the others take random ones.
  public var share: Ramp

  /// Always and everywhere by default.
  public init(everySteps: Int = 1, from: Double = 0, until: Double = 1, share: Ramp = Ramp(from: 1, to: 1)) {
    self.everySteps = everySteps
    self.from = from
    self.until = until
    self.share = share
  }

  /// The share of the images whose views are selected at a position.
  public func share(at progress: TrainingProgress) -> Double {
    let cycle = progress.cycle
    let position = Double(cycle.step) / Double(max(cycle.totalSteps, 1))
    guard progress.step % everySteps == 0, position >= from, position < until else { return 0 }
    return share.value(at: (position - from) / (until - from))
  }
}

/// How the trained views are chosen: a scorer rates the choices, a selector takes one, at some times.
///
/// Knows no method: with N candidates for two slots it scores N(N−1)/2 pairs, with one possible choice it scores
/// nothing, so plain training is hard-view training with a pool of two.
public struct Policy: Sendable {
  /// Rates the choices.
  public var scorer: any ViewScorer
  /// Chooses by the rating.
  public var selector: any ViewSelector
  /// When, and for how many images.
  public var times: SelectionTimes
  /// How views are paired where all are trained on; nil relates all to all.
  public var pairing: Pairing?
  /// What chosen views are to predict.
  public var targets: TargetChoice

  /// Combines a scorer and a selector.
  public init(
    scorer: any ViewScorer, selector: any ViewSelector, times: SelectionTimes = SelectionTimes(),
    pairing: Pairing? = nil, targets: TargetChoice = .chosen
  ) {
    self.scorer = scorer
    self.selector = selector
    self.times = times
    self.pairing = pairing
    self.targets = targets
  }

  /// Whether the pool must say how its views were cropped.
  public var needsBoxes: Bool { selector.needsBoxes || (selector.needsScores && scorer.needsBoxes) }

  /// Chooses for every image of a pool whose choices are those of `space`; where there is only one, nothing is scored.
  ///
  /// - Returns: The view of every slot as numbers in the pool, `[slots, batch]`, and the scores where some were computed.
  /// - Throws: When the scorer or selector needs crops and the pool has none.
  func choose<Method: SelfSupervisedMethod>(
    from pool: ViewPool, in space: CandidateSpace, for method: Method, in context: StepContext
  ) throws(MissingBoxesError) -> (slots: Tensor, scored: ScoredViews?) {
    guard space.count > 1 else {
      return (
        Tensor(space.first, shape: [space.first.count, 1]).expanded(to: [space.first.count, pool.batchSize]), nil
      )
    }
    if needsBoxes, pool.boxes == nil { throw MissingBoxesError() }
    let scored = selector.needsScores ? scorer.score(pool, in: space, method: method, context: context) : nil
    let slots = selector.choose(
      scored?.scores,
      in: SelectionContext(
        space: space, draw: context.draw, position: context.position, boxes: needsBoxes ? pool.boxes : nil))
    return (slots, scored)
  }
}

/// A policy needs the crops of views, and the pool has none.
public struct MissingBoxesError: Error, CustomStringConvertible {
  /// One sentence: what is missing and where to put it.
  public var description: String {
    "This policy looks at the crops of views, but the pool was made without them: give ViewPool.Group its parameters, "
      + "for each candidate and image what was drawn."
  }
}
