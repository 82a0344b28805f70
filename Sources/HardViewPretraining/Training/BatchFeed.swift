import ImageData
import Optimization

/// Batches of one epoch after the other.
final class BatchFeed {
  private let loader: ViewLoader
  /// What the loader hands over next; nil before the first batch.
  private var next: TrainingProgress?

  init(_ loader: ViewLoader) {
    self.loader = loader
  }

  /// The batch at a position; positions follow one another.
  /// - Throws: `LoaderError`; `MissingBatchError` where the loader ends before the epoch does.
  func next(at position: TrainingProgress) throws -> ViewBatch {
    if next != position || position.stepInEpoch == 0 {
      loader.startEpoch(position.epoch, atBatch: position.stepInEpoch)
    }
    guard let batch = try loader.next() else {
      throw MissingBatchError(epoch: position.epoch, step: position.stepInEpoch, steps: position.stepsPerEpoch)
    }
    next = position
    next?.step += 1
    return batch
  }

  func stop() { loader.stop() }
}

/// The loader ended in the middle of an epoch.
public struct MissingBatchError: Error, CustomStringConvertible {
  /// The epoch, from 0.
  public let epoch: Int
  /// The step within the epoch, from 0.
  public let step: Int
  /// Steps that the epoch has.
  public let steps: Int

  /// One paragraph: what is missing and what to do.
  public var description: String {
    "The loader ended at step \(step + 1) of \(steps) in epoch \(epoch + 1): it was stopped, or the dataset became smaller "
      + "while it was read. The last checkpoint is good; continue from it when the data is whole."
  }
}
