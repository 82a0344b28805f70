import Torch

/// A two-dimensional convolution without bias, as residual networks use it.
public final class Convolution2d: Layer {
  /// How initial weights are drawn.
  public enum Initialization: Sendable {
    /// Normal with variance 2 / (outputs · kernel²): He et al. with fan-out, as torchvision's ResNet.
    case kaimingNormalFanOut
    /// Uniform in ±1/√(inputs · kernel²): PyTorch's default, as the CIFAR networks of the published code.
    case uniformFanIn
  }

  /// Shape `[outputs, inputs, kernel, kernel]`.
  public let weight: Parameter
  let stride: Int
  let padding: Int

  /// Draws initial weights; pads so that stride 1 keeps the size.
  public init(
    _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1, initialization: Initialization,
    using generator: Generator
  ) {
    self.stride = stride
    padding = kernel / 2
    let shape = [outputs, inputs, kernel, kernel]
    switch initialization {
    case .kaimingNormalFanOut:
      let deviation = (2 / Double(outputs * kernel * kernel)).squareRoot()
      weight = Parameter(.normal(shape, standardDeviation: deviation, using: generator).channelsLast())
    case .uniformFanIn:
      let bound = 1 / Double(inputs * kernel * kernel).squareRoot()
      weight = Parameter(.uniform(shape, in: -bound...bound, using: generator).channelsLast())
    }
  }

  /// `[batch, inputs, height, width]` to `[batch, outputs, ⌈height / stride⌉, ⌈width / stride⌉]`.
  public func callAsFunction(_ input: Tensor, in phase: Phase) -> Tensor {
    input.convolved2d(weight: weight.value, stride: stride, padding: padding)
  }
}
