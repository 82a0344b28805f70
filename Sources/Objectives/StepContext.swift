import Optimization
import Torch

/// The context of a step besides its views: the position in training, the batch's identity, and the workers.
public struct StepContext: Sendable {
  /// Where training is.
  public var position: TrainingProgress
  /// Identifies the batch; random choices are a function of it.
  public var draw: BatchDraw
  /// The workers that train together.
  public var communicator: any Communicator

  /// Puts a context together; by default one worker trains alone.
  public init(_ position: TrainingProgress, _ draw: BatchDraw, communicator: any Communicator = SingleWorker()) {
    self.position = position
    self.draw = draw
    self.communicator = communicator
  }

  /// The contexts of the parts of the batch, as many images each.
  public func split(into count: Int) -> [StepContext] {
    let size = draw.samples.count / count
    return (0..<count).map {
      StepContext(position, draw.part($0 * size..<($0 + 1) * size), communicator: communicator)
    }
  }

  /// The context of some images of the batch, or of all in another order, by their places.
  public func selecting(_ places: [Int]) -> StepContext {
    StepContext(position, draw.selecting(places), communicator: communicator)
  }

  /// The context of the first images of the batch.
  public func prefix(_ count: Int) -> StepContext {
    StepContext(position, draw.prefix(count), communicator: communicator)
  }
}
