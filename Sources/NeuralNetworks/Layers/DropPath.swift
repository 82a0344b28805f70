import Torch

/// Stochastic depth: while training, a residual branch is left out for some images of the batch.
///
/// Huang, Sun, Liu, Sedra and Weinberger 2016.
public final class DropPath: Layer {
  private let rate: Double
  private let generator: Generator

  /// Leaves a branch out with a probability below 1, drawn from a generator.
  public init(rate: Double, using generator: Generator) {
    precondition((0..<1).contains(rate), "a branch is left out with a probability below 1, not \(rate)")
    self.rate = rate
    self.generator = generator
  }

  /// The branch's output, zero for the images it is left out for and larger for the others, so that the mean stays.
  public func callAsFunction(_ input: Tensor, in phase: Phase) -> Tensor {
    guard rate > 0, phase == .train else { return input }
    let shape = [input.shape[0]] + Array(repeating: 1, count: input.rank - 1)
    let keeps = Tensor.bernoulli(shape, probability: 1 - rate, using: generator)
    return input * (keeps / (1 - rate)).converted(to: input.dtype)
  }
}
