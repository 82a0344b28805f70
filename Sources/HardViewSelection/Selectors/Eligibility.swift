import Objectives
import Torch

/// Which choices a ranking selector may take.
public struct Eligibility: Sendable, Equatable {
  /// Choices with two global views that overlap less (intersection over union) are avoided: too hard to learn from.
  ///
  /// Where an image has no other choice, the one that overlaps most is taken. 0 allows everything.
  public var overlapFloor: Double
  /// The number of choices to rank, drawn at random once for the whole batch, as in the published DINO; 0 ranks all.
  public var limit: Int
  /// Whether the first view must be among the chosen.
  public var keepsFirstView: Bool

  /// Everything is eligible by default.
  public init(overlapFloor: Double = 0, limit: Int = 0, keepsFirstView: Bool = false) {
    self.overlapFloor = overlapFloor
    self.limit = limit
    self.keepsFirstView = keepsFirstView
  }

  /// The eligible choice with the highest score, `[slots, batch]`.
  func hardest(_ scores: ViewScores, in context: SelectionContext) -> Tensor {
    guard limit > 0, limit < context.space.count else {
      return scores.hardest(in: context.space, penalty: penalty(in: context))
    }
    let (choices, listed) = ranked(scores, in: context)
    return ViewScores.slots(of: listed.argmax(along: 0), in: choices)
  }

  /// The choices to be ranked and their scores, `[choices, batch]`.
  func ranked(_ scores: ViewScores, in context: SelectionContext) -> (choices: [[Int]], scores: Tensor) {
    let space = context.space
    let choices = limit > 0 && limit < space.count ? sampled(from: space, for: context.draw) : space.candidates
    var listed = scores.scores(of: choices, in: space)
    if let penalty = penalty(in: context) {
      let slots = space.plan.globalSlotCount
      listed = listed + penalty.selecting(Tensor(choices.map { space.number(ofGlobals: $0.prefix(slots))! }))
    }
    return (choices, listed)
  }

  /// Different choices, each set of them as likely as any other.
  private func sampled(from space: CandidateSpace, for draw: BatchDraw) -> [[Int]] {
    var random = draw.random(ofBatchFor: .limit)
    var seen: Set<[Int]> = []
    var choices: [[Int]] = []
    while choices.count < limit {
      let choice = space.randomChoice(using: &random)
      if seen.insert(choice).inserted { choices.append(choice) }
    }
    return choices
  }

  /// What the choices of global views are marked down by: far below every score where they are not eligible.
  private func penalty(in context: SelectionContext) -> Tensor? {
    var penalty: Tensor?
    if overlapFloor > 0 {
      let values = Overlaps.smallest(in: context.space, of: required(context.boxes))
      let overlaps = Tensor(values.flatMap { $0 }, shape: [values.count, values[0].count])
      // The less overlap the further down, so that the best of a bad lot is taken.
      penalty = Tensor.zeros(overlaps.shape).replacing(where: overlaps .< overlapFloor, with: (overlaps - 2.0) * 1e6)
    }
    if keepsFirstView {
      let marks = context.space.globals.map { $0.contains(0) ? Float(0) : -1e7 }
      let anchored = Tensor(marks, shape: [marks.count, 1])
      penalty = penalty.map { $0 + anchored } ?? anchored
    }
    return penalty
  }
}
