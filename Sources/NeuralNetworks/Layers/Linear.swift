import Torch

/// An affine map `x · Wᵀ + b` of the last dimension.
public final class Linear: Layer {
  /// How initial values are drawn.
  public enum Initialization: Sendable {
    /// W and b uniform in ±1/√inputs: PyTorch's default.
    case uniformFanIn
    /// W normal with standard deviation 0.02, cut off, and b zero: as transformers are.
    case truncatedNormal
  }

  /// Shape `[outputs, inputs]`.
  public let weight: Parameter
  /// Shape `[outputs]`.
  public let bias: Parameter?

  /// Draws initial weights.
  public init(
    _ inputs: Int, _ outputs: Int, bias: Bool = true, initialization: Initialization = .uniformFanIn,
    using generator: Generator
  ) {
    precondition(inputs > 0 && outputs > 0, "a linear layer needs positive widths, not \(inputs) and \(outputs)")
    switch initialization {
    case .uniformFanIn:
      let bound = 1 / Double(inputs).squareRoot()
      weight = Parameter(.uniform([outputs, inputs], in: -bound...bound, using: generator))
      self.bias = bias ? Parameter(.uniform([outputs], in: -bound...bound, using: generator)) : nil
    case .truncatedNormal:
      weight = Parameter(.truncatedNormal([outputs, inputs], standardDeviation: 0.02, using: generator))
      self.bias = bias ? Parameter(.zeros([outputs])) : nil
    }
  }

  /// `[…, inputs]` to `[…, outputs]`.
  public func callAsFunction(_ input: Tensor, in phase: Phase) -> Tensor {
    input.linear(weight: weight.value, bias: bias?.value)
  }
}
