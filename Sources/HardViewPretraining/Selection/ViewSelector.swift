import Torch
import Views

/// What identifies a batch, so that random choices are a function of it alone.
public struct SelectionDraw: Sendable {
  /// The seed of the run.
  public var seed: UInt64
  /// The epoch, from 0.
  public var epoch: Int
  /// The images' positions in the dataset, in batch order.
  public var samples: [Int]

  /// Identifies a batch.
  public init(seed: UInt64, epoch: Int, samples: [Int]) {
    self.seed = seed
    self.epoch = epoch
    self.samples = samples
  }
}

/// Turns scores into one choice for every image.
public protocol ViewSelector: Sendable {
  /// Whether `choose` looks at scores; when not, no scoring pass is made.
  var needsScores: Bool { get }

  /// For each image an index into `space`, shape `[batch]`.
  /// - Parameter scores: `[candidates, batch]`, higher is harder; nil when `needsScores` is false.
  func choose(_ scores: Tensor?, from space: CandidateSpace, for draw: SelectionDraw) -> Tensor
}

extension ViewSelector {
  /// True: most selectors rank.
  public var needsScores: Bool { true }
}

/// The choice with the highest score; the first of equals, as published.
public struct Hardest: ViewSelector {
  /// Makes the selector.
  public init() {}

  /// The argmax of the scores.
  public func choose(_ scores: Tensor?, from space: CandidateSpace, for draw: SelectionDraw) -> Tensor {
    required(scores).argmax(along: 0)
  }
}

/// The choice with the lowest score: the control that the paper's reviewers asked for.
public struct Easiest: ViewSelector {
  /// Makes the selector.
  public init() {}

  /// The argmin of the scores; the first of equals.
  public func choose(_ scores: Tensor?, from space: CandidateSpace, for draw: SelectionDraw) -> Tensor {
    (-required(scores)).argmax(along: 0)
  }
}

/// The hardest among the choices that contain the first view.
public struct Anchor: ViewSelector {
  /// Makes the selector.
  public init() {}

  /// The argmax of the scores over choices whose first slot is view 0.
  public func choose(_ scores: Tensor?, from space: CandidateSpace, for draw: SelectionDraw) -> Tensor {
    let anchored = space.candidates.indices.filter { space.candidates[$0][0] == 0 }
    let indices = Tensor(anchored)
    return indices.selecting(required(scores).selecting(indices).argmax(along: 0))
  }
}

/// A uniformly random choice for each image, without a scoring pass.
public struct UniformChoice: ViewSelector {
  /// Makes the selector.
  public init() {}

  /// Scores are not looked at.
  public var needsScores: Bool { false }

  /// Draws from a generator keyed by seed, epoch and image.
  public func choose(_ scores: Tensor?, from space: CandidateSpace, for draw: SelectionDraw) -> Tensor {
    Tensor(
      draw.samples.map { sample in
        var random = ViewRandom(
          seed: draw.seed, epoch: draw.epoch, sample: sample, view: 0, stream: RandomStream.choice)
        return random.integer(below: space.count)
      })
  }
}

private func required(_ scores: Tensor?) -> Tensor {
  guard let scores else { preconditionFailure("this selector ranks by scores, and none were given") }
  return scores
}
