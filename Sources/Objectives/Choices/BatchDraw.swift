import Torch
import Views

/// The identity of a batch; random choices are a function of it alone.
public struct BatchDraw: Sendable {
  /// The seed of the run.
  public var seed: UInt64
  /// The epoch, from 0.
  public var epoch: Int
  /// The step, from 0 over all epochs.
  public var step: Int
  /// The images' positions in the dataset, in batch order.
  public var samples: [Int]

  /// Identifies a batch.
  public init(seed: UInt64, epoch: Int, step: Int = 0, samples: [Int]) {
    self.seed = seed
    self.epoch = epoch
    self.step = step
    self.samples = samples
  }

  /// The first images of the batch.
  public func prefix(_ count: Int) -> BatchDraw {
    BatchDraw(seed: seed, epoch: epoch, step: step, samples: Array(samples.prefix(count)))
  }

  /// Some images of the batch.
  public func part(_ range: Range<Int>) -> BatchDraw { selecting(Array(range)) }

  /// Some images of the batch, or all in another order, by their places.
  public func selecting(_ places: [Int]) -> BatchDraw {
    BatchDraw(seed: seed, epoch: epoch, step: step, samples: places.map { samples[$0] })
  }

  /// A random choice for each image, `[slots, batch]`.
  public func randomChoices(from space: CandidateSpace) -> Tensor {
    let choices = samples.map { sample in
      var random = random(for: sample, purpose: .choice)
      return space.randomChoice(using: &random)
    }
    return Tensor(choices.flatMap { $0 }, shape: [samples.count, choices[0].count]).transposed().contiguous()
  }

  /// The purpose of an image's random numbers; no two purposes share any.
  public enum Purpose: Sendable {
    /// A choice among all views.
    case choice
    /// A choice by their scores.
    case sampling
    /// The masks of views.
    case mask
    /// Something of the caller's own, numbered from 0 to 99.
    case other(Int)

    fileprivate var number: Int {
      switch self {
      case .choice: 0
      case .sampling: 2
      case .mask: 4
      case .other(let number): 16 + number
      }
    }
  }

  /// The purpose of a whole batch's random numbers.
  public enum BatchPurpose: Int, Sendable {
    /// The choices that are ranked where not all are.
    case limit = 3
    /// The choices that stand for all in an audit.
    case audit = 5
    /// Directions in which a batch is tested.
    case directions = 6
  }

  /// Random numbers of one image, whatever else is in the batch.
  ///
  /// - Parameters:
  ///   - sample: The image's position in the dataset.
  ///   - purpose: What they are for.
  ///   - view: Which view they are for, where each has its own.
  public func random(for sample: Int, purpose: Purpose, view: Int = 0) -> ViewRandom {
    ViewRandom(
      seed: seed, epoch: epoch, sample: sample, view: purpose.number << 24 | view, stream: RandomStream.choice)
  }

  /// Random numbers of a step, the same whatever images a worker holds of it.
  public func random(ofBatchFor purpose: BatchPurpose) -> ViewRandom {
    ViewRandom(
      seed: seed, epoch: epoch, sample: step, view: purpose.rawValue << 24, stream: RandomStream.choice)
  }
}
