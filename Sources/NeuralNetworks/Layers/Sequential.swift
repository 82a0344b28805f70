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
    var (output, index) = (input, 0)
    while index < layers.count {
      if let convolution = layers[index] as? Convolution2d, index + 1 < layers.count,
        let norm = layers[index + 1] as? BatchNorm
      {
        output = convolution.normalized(by: norm, output, in: phase)
        index += 2
      } else {
        output = layers[index](output, in: phase)
        index += 1
      }
    }
    return output
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
