import Optimization

/// The context of a step besides its views: the position in training and the batch's identity.
public struct StepContext: Sendable {
  /// Where training is.
  public var position: TrainingProgress
  /// Identifies the batch; random choices are a function of it.
  public var draw: BatchDraw

  /// Puts a context together.
  public init(_ position: TrainingProgress, _ draw: BatchDraw) {
    self.position = position
    self.draw = draw
  }

  /// The contexts of the parts of the batch, as many images each.
  public func split(into count: Int) -> [StepContext] {
    let size = draw.samples.count / count
    return (0..<count).map { StepContext(position, draw.part($0 * size..<($0 + 1) * size)) }
  }

  /// The context of some images of the batch, or of all in another order, by their places.
  public func selecting(_ places: [Int]) -> StepContext {
    StepContext(position, draw.selecting(places))
  }

  /// The context of the first images of the batch.
  public func prefix(_ count: Int) -> StepContext {
    StepContext(position, draw.prefix(count))
  }
}
