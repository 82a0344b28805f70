import Optimization
import Torch
import Views

/// What was chosen from a pool.
public struct Selection {
  /// The views to train on, in slot order.
  public var views: [View]
  /// For each image the view of every slot, as numbers in the pool, `[slots, batch]`; nil when all took the first ones.
  public var slots: Tensor?
  /// The scores that decided; nil when none were computed.
  public var scores: ViewScores?
  /// The share of the images whose views were to be selected; the others took random ones.
  public var share: Double
}

/// When selection takes place, and for how many images.
public struct SelectionTimes: Sendable, Equatable {
  /// Views are selected at every so many steps; in between, random views are trained on.
  public var everySteps: Int
  /// The share of training at which selection begins.
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
    let position = Double(progress.step) / Double(max(progress.totalSteps, 1))
    guard progress.step % everySteps == 0, position >= from, position < until else { return 0 }
    return share.value(at: (position - from) / (until - from))
  }
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
  /// When, and for how many images.
  public var times: SelectionTimes

  /// Combines a scorer and a selector.
  public init(scorer: any ViewScorer, selector: any ViewSelector, times: SelectionTimes = SelectionTimes()) {
    self.scorer = scorer
    self.selector = selector
    self.times = times
  }

  /// Whether the pool must say how its views were cropped.
  public var needsBoxes: Bool { selector.needsBoxes || (selector.needsScores && scorer.needsBoxes) }

  /// Selects from a pool whose choices are those of `space`.
  /// - Throws: When the scorer or selector looks at crops and the pool does not say what they are.
  public func select<Method: SelfSupervisedMethod>(
    from pool: ViewPool, in space: CandidateSpace, for method: Method, at progress: TrainingProgress,
    draw: SelectionDraw
  ) throws(MissingBoxesError) -> Selection {
    let boxes = needsBoxes ? pool.boxes : nil
    if needsBoxes, boxes == nil { throw MissingBoxesError() }
    let share = times.share(at: progress)
    guard space.count > 1, share > 0 else { return Selection(views: pool.taking(space.first), share: 0) }
    let context = SelectionContext(space: space, draw: draw, progress: progress, boxes: boxes)
    let scored = selector.needsScores ? scorer.score(pool, in: space, method: method, at: progress) : nil
    var slots = selector.choose(scored?.scores, in: context)
    if share < 1 {
      let isRandom = draw.samples.map { sample in
        var random = draw.random(for: sample, purpose: .mixing)
        return UInt8(random.uniform() < share ? 0 : 1)
      }
      let first = Tensor(space.first, shape: [space.first.count, 1])
      slots = slots.replacing(where: Tensor(isRandom).converted(to: .bool), with: first)
    }
    return Selection(
      views: pool.gathered(slots, from: space, targets: scored?.targets ?? []), slots: slots, scores: scored?.scores,
      share: share)
  }
}

/// A rule of selection looks at the crops of views, and the pool does not say what they are.
public struct MissingBoxesError: Error, CustomStringConvertible {
  /// One sentence: what is missing and where to put it.
  public var description: String {
    "This rule of selection looks at the crops of views, but the pool was made without them: give ViewPool.Group its "
      + "boxes, for each candidate and image the crop that it was rendered from."
  }
}
