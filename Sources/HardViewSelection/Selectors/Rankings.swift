import Objectives
import Torch
import Views

/// The choice with the highest score; the first of equals, as published.
public struct Hardest: ViewSelector {
  /// Which choices may be taken.
  public var eligibility: Eligibility

  /// Makes the selector.
  public init(_ eligibility: Eligibility = Eligibility()) {
    self.eligibility = eligibility
  }

  /// Crops are needed for their overlap.
  public var needsBoxes: Bool { eligibility.overlapFloor > 0 }

  /// The argmax of the scores.
  public func choose(_ scores: ViewScores?, in context: SelectionContext) -> Tensor {
    eligibility.hardest(required(scores), in: context)
  }
}

/// The choice with the lowest score: the control that the paper's reviewers asked for.
public struct Easiest: ViewSelector {
  /// Which choices may be taken.
  public var eligibility: Eligibility

  /// Makes the selector.
  public init(_ eligibility: Eligibility = Eligibility()) {
    self.eligibility = eligibility
  }

  /// Crops are needed for their overlap.
  public var needsBoxes: Bool { eligibility.overlapFloor > 0 }

  /// The argmin of the scores; the first of equals.
  public func choose(_ scores: ViewScores?, in context: SelectionContext) -> Tensor {
    eligibility.hardest(required(scores).negated, in: context)
  }
}

/// One of the hardest choices, each as likely as any other.
public struct AmongHardest: ViewSelector {
  /// How many choices are drawn from.
  public var count: Int
  /// Which choices may be taken.
  public var eligibility: Eligibility

  /// Draws among the `count` hardest choices, or among all when there are fewer.
  public init(_ count: Int, eligibility: Eligibility = Eligibility()) {
    self.count = count
    self.eligibility = eligibility
  }

  /// Crops are needed for their overlap.
  public var needsBoxes: Bool { eligibility.overlapFloor > 0 }

  /// A random one of the largest scores.
  public func choose(_ scores: ViewScores?, in context: SelectionContext) -> Tensor {
    let (choices, scores) = eligibility.ranked(required(scores), in: context)
    let count = min(count, choices.count)
    let rank = context.draw.samples.map { sample in
      var random = context.draw.random(for: sample, purpose: .sampling)
      return random.integer(below: count)
    }
    let hardest = scores.largest(count, along: 0).indices
    let row = hardest.gathering(Tensor(rank, shape: [1, rank.count]), along: 0).reshaped([-1])
    return ViewScores.slots(of: row, in: choices)
  }
}

/// The choice at a quantile of an image's scores: between the easiest and the hardest.
public struct QuantileChoice: ViewSelector {
  /// From 0, the easiest, to 1, the hardest.
  public var quantile: Double
  /// Which choices may be taken.
  public var eligibility: Eligibility

  /// Takes the choice at a quantile from 0 to 1.
  public init(_ quantile: Double, eligibility: Eligibility = Eligibility()) {
    self.quantile = quantile
    self.eligibility = eligibility
  }

  /// Crops are needed for their overlap.
  public var needsBoxes: Bool { eligibility.overlapFloor > 0 }

  /// With C choices the one that round((1 − quantile)(C − 1)) others are harder than.
  public func choose(_ scores: ViewScores?, in context: SelectionContext) -> Tensor {
    let (choices, scores) = eligibility.ranked(required(scores), in: context)
    let rank = Int(((1 - quantile) * Double(choices.count - 1)).rounded())
    let row = scores.largest(rank + 1, along: 0).indices.narrowed(along: 0, from: rank, count: 1).reshaped([-1])
    return ViewScores.slots(of: row, in: choices)
  }
}

/// A choice drawn with a probability that rises with its score: softmax(score / temperature).
public struct SoftmaxSampling: ViewSelector {
  /// In standard deviations of an image's scores, so that one value suits every loss; towards 0 the hardest choice is
  /// taken, towards infinity any.
  public var temperature: Double
  /// Which choices may be taken.
  public var eligibility: Eligibility

  /// Samples at a temperature above 0.
  public init(temperature: Double, eligibility: Eligibility = Eligibility()) {
    self.temperature = temperature
    self.eligibility = eligibility
  }

  /// Crops are needed for their overlap.
  public var needsBoxes: Bool { eligibility.overlapFloor > 0 }

  /// A draw for each image.
  public func choose(_ scores: ViewScores?, in context: SelectionContext) -> Tensor {
    let plain = Eligibility(limit: eligibility.limit)
    let (choices, unmarked) = plain.ranked(required(scores), in: context)
    let marked = eligibility == plain ? unmarked : eligibility.ranked(required(scores), in: context).scores
    let deviation = unmarked.standardDeviation(along: 0).clamped(from: 1e-12)
    let probabilities = (marked / (deviation * temperature)).softmax(along: 0)
    let draws = context.draw.samples.map { sample in
      var random = context.draw.random(for: sample, purpose: .sampling)
      return Float(random.uniform())
    }
    let below = (probabilities.cumulativeSum(along: 0) - Tensor(draws)) .< 0.0
    let row = below.converted(to: .int64).sum(along: 0)
    // Rounding may leave the last sum just below one.
    return ViewScores.slots(of: row.elementwiseMinimum(Tensor([choices.count - 1])), in: choices)
  }
}
