import Foundation
import Objectives
import Optimization
import Torch
import Views

/// A random choice among those whose global views overlap little enough: the static policy that the paper compares
/// with (section 5 of the paper; `msat` in the published code).
///
/// The published code draws new crops until a pair passes; here the drawn candidates are tried in random order, and the
/// last is taken when none passes.
public struct OverlapThreshold: ViewSelector {
  /// How the limit moves; the `threshold` section of a selection.
  public struct Limit: Codable, Sendable, Equatable {
    /// The largest intersection over union at first.
    public var start = 0.3
    /// The same at the end of training.
    public var end = 0.3
    /// The shape of the way there.
    public var shape = Ramp.Shape.linear
    /// Epochs without a limit.
    public var warmupEpochs = 0
    /// The probability that a choice is taken whatever its overlap.
    public var randomShare = 0.0

    /// The published setting: 0.3 throughout.
    public init() {}

    /// The limit in an epoch.
    public func value(at progress: TrainingProgress) -> Double {
      let progress = progress.cycle
      guard progress.epoch >= warmupEpochs else { return 1 }
      let epochs = max(progress.totalEpochs - warmupEpochs - 1, 1)
      let share = Double(progress.epoch - warmupEpochs) / Double(epochs)
      return Ramp(from: start, to: end, shape).value(at: share)
    }
  }

  /// How the limit moves.
  public var limit: Limit

  /// Makes the selector.
  public init(_ limit: Limit = Limit()) {
    self.limit = limit
  }

  /// Scores are not needed.
  public var needsScores: Bool { false }
  /// Overlap is all that counts.
  public var needsBoxes: Bool { true }

  /// Tries random choices until one passes.
  public func choose(_ scores: ViewScores?, in context: SelectionContext) -> Tensor {
    let space = context.space
    let threshold = limit.value(at: context.position)
    let overlaps = Overlaps.smallest(in: space, of: required(context.boxes))
    let batch = context.draw.samples.count
    let choices = context.draw.samples.enumerated().map { position, sample in
      var random = context.draw.random(for: sample, purpose: .sampling)
      let heads = random.permutation(of: space.globals.count)
      let head =
        heads.first { head in
          random.uniform() < limit.randomShare || Double(overlaps[head][position]) <= threshold
        } ?? heads[heads.count - 1]
      let locals = space.randomChoice(using: &random).dropFirst(space.plan.globalSlotCount)
      return space.globals[head] + locals
    }
    return Tensor(choices.flatMap { $0 }, shape: [batch, choices[0].count]).transposed().contiguous()
  }
}
