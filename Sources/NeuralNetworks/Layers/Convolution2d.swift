import Torch

/// A two-dimensional convolution.
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
  /// Shape `[outputs]`; nil for residual networks, which normalize behind it.
  public let bias: Parameter?
  let stride: Int
  let padding: Int

  /// Draws initial weights.
  /// - Parameter padding: Zeros added on each side; by default as many as keep the size where the stride is 1.
  public init(
    _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1, padding: Int? = nil, bias hasBias: Bool = false,
    initialization: Initialization, using generator: Generator
  ) {
    self.stride = stride
    self.padding = padding ?? kernel / 2
    let shape = [outputs, inputs, kernel, kernel]
    switch initialization {
    case .kaimingNormalFanOut:
      let deviation = (2 / Double(outputs * kernel * kernel)).squareRoot()
      weight = Parameter(.normal(shape, standardDeviation: deviation, using: generator).channelsLast())
    case .uniformFanIn:
      let bound = 1 / Double(inputs * kernel * kernel).squareRoot()
      weight = Parameter(.uniform(shape, in: -bound...bound, using: generator).channelsLast())
    }
    let bound = 1 / Double(inputs * kernel * kernel).squareRoot()
    bias = hasBias ? Parameter(.uniform([outputs], in: -bound...bound, using: generator)) : nil
  }

  /// `[batch, inputs, height, width]` to `[batch, outputs, ⌈height / stride⌉, ⌈width / stride⌉]`.
  public func callAsFunction(_ input: Tensor, in phase: Phase) -> Tensor {
    input.convolved2d(weight: weight.value, bias: bias?.value, stride: stride, padding: padding)
  }
}
