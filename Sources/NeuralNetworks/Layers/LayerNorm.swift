import Torch

/// Layer normalization over the last dimension (Ba, Kiros and Hinton 2016), with scale one and shift zero at first.
public final class LayerNorm: Layer {
  /// Scale, shape `[features]`.
  public let weight: Parameter
  /// Shift, shape `[features]`.
  public let bias: Parameter
  private let epsilon: Double

  /// Makes a layer for a number of features; the epsilon is that of transformers.
  public init(_ features: Int, epsilon: Double = 1e-6) {
    weight = Parameter(.ones([features]))
    bias = Parameter(.zeros([features]))
    self.epsilon = epsilon
  }

  /// `[…, features]`, normalized.
  public func callAsFunction(_ input: Tensor, in phase: Phase) -> Tensor {
    input.layerNormalized(
      weight: weight.value, bias: bias.value, features: weight.value.shape[0], epsilon: epsilon)
  }
}
