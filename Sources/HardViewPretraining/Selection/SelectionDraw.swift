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

  /// The first images of the batch.
  func prefix(_ count: Int) -> SelectionDraw {
    SelectionDraw(seed: seed, epoch: epoch, samples: Array(samples.prefix(count)))
  }

  /// A random choice for each image, `[slots, batch]`.
  public func randomChoices(from space: CandidateSpace) -> Tensor {
    let choices = samples.map { sample in
      var random = random(for: sample, purpose: .choice)
      return space.randomChoice(using: &random)
    }
    return Tensor(choices.flatMap { $0 }, shape: [samples.count, choices[0].count]).transposed().contiguous()
  }

  /// What random numbers of an image are for, so that no two purposes share any.
  enum Purpose: Int {
    case choice = 0
    case sampling = 2
    case limit = 3
    case mask = 4
    case audit = 5
  }

  func random(for sample: Int, purpose: Purpose, view: Int = 0) -> ViewRandom {
    ViewRandom(
      seed: seed, epoch: epoch, sample: sample, view: purpose.rawValue << 24 | view, stream: RandomStream.choice)
  }
}
