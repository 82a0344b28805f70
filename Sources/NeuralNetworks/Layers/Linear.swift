import Torch

/// An affine map `x · Wᵀ + b` of the last dimension.
///
/// Initial values as in PyTorch: W and b uniform in ±1/√inputs.
public final class Linear: Layer {
  /// Shape `[outputs, inputs]`.
  public let weight: Parameter
  /// Shape `[outputs]`.
  public let bias: Parameter?

  /// Draws initial weights.
  public init(_ inputs: Int, _ outputs: Int, bias: Bool = true, using generator: Generator) {
    precondition(inputs > 0 && outputs > 0, "a linear layer needs positive widths, not \(inputs) and \(outputs)")
    let bound = 1 / Double(inputs).squareRoot()
    weight = Parameter(.uniform([outputs, inputs], in: -bound...bound, using: generator))
    self.bias = bias ? Parameter(.uniform([outputs], in: -bound...bound, using: generator)) : nil
  }

  /// `[…, inputs]` to `[…, outputs]`.
  public func callAsFunction(_ input: Tensor, in phase: Phase) -> Tensor {
    input.linear(weight: weight.value, bias: bias?.value)
  }
}
