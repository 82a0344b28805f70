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
  /// How views are paired where all are trained on; nil relates all to all.
  public var pairing: Pairing?

  /// Combines a scorer and a selector.
  public init(
    scorer: any ViewScorer, selector: any ViewSelector, times: SelectionTimes = SelectionTimes(),
    pairing: Pairing? = nil
  ) {
    self.scorer = scorer
    self.selector = selector
    self.times = times
    self.pairing = pairing
  }

  /// Whether the pool must say how its views were cropped.
  public var needsBoxes: Bool { selector.needsBoxes || (selector.needsScores && scorer.needsBoxes) }

  /// Selects from a pool whose choices are those of `space`.
  /// - Throws: When the scorer or selector looks at crops and the pool does not say what they are.
  public func select<Method: SelfSupervisedMethod>(
    from pool: ViewPool, in space: CandidateSpace, for method: Method, at progress: TrainingProgress,
    draw: SelectionDraw
  ) throws(MissingBoxesError) -> Selection {
    if needsBoxes, pool.boxes == nil { throw MissingBoxesError() }
    let share = times.share(at: progress)
    // Batches are shuffled, so the first images are as good as random ones; the others are not scored at all.
    let count = Int((share * Double(pool.batchSize)).rounded())
    guard space.count > 1, count > 0 else { return Selection(views: pool.taking(space.first, from: space), share: 0) }
    let part = pool.prefix(count)
    let context = SelectionContext(
      space: space, draw: draw.prefix(count), progress: progress, boxes: needsBoxes ? part.boxes : nil)
    let scored = selector.needsScores ? scorer.score(part, in: space, method: method, at: progress) : nil
    var slots = selector.choose(scored?.scores, in: context)
    var targets = scored?.targets ?? []
    if count < pool.batchSize {
      let first = Tensor(space.first, shape: [space.first.count, 1])
      slots = .concatenated([slots, first.expanded(to: [space.first.count, pool.batchSize - count])], along: 1)
      targets = []
    }
    return Selection(
      views: pool.gathered(slots, from: space, targets: targets), slots: slots, scores: scored?.scores, share: share)
  }
}

/// A rule of selection looks at the crops of views, and the pool does not say what they are.
public struct MissingBoxesError: Error, CustomStringConvertible {
  /// One sentence: what is missing and where to put it.
  public var description: String {
    "This rule of selection looks at the crops of views, but the pool was made without them: give ViewPool.Group its "
      + "parameters, for each candidate and image what was drawn."
  }
}
