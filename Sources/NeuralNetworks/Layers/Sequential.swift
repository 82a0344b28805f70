import Torch

/// Layers applied one after the other; named by their position, as in PyTorch.
public final class Sequential: Layer {
  let layers: [any Layer]

  /// Chains layers.
  public init(_ layers: [any Layer]) {
    self.layers = layers
  }

  /// The output of the last layer.
  public func callAsFunction(_ input: Tensor, in phase: Phase) -> Tensor {
    layers.reduce(input) { $1($0, in: phase) }
  }
}

/// Rectified linear units.
public final class ReLU: Layer {
  /// Makes the layer.
  public init() {}

  /// max(x, 0), element by element.
  public func callAsFunction(_ input: Tensor, in phase: Phase) -> Tensor {
    input.relu()
  }
}

/// Gaussian error linear units.
public final class GELU: Layer {
  /// Makes the layer.
  public init() {}

  /// x · Φ(x), element by element.
  public func callAsFunction(_ input: Tensor, in phase: Phase) -> Tensor {
    input.gelu()
  }
}
