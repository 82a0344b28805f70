import NeuralNetworks
import Torch

/// The head of DINO: a small network, vectors of length one, and their products with prototypes.
///
/// Linear layers with GELU between them (three of them, the last to `bottleneck`), then a weight-normalized linear layer
/// without bias (Caron et al. 2021, arXiv 2104.14294, appendix C).
public final class PrototypeHead: Layer {
  /// The layers before the prototypes.
  public let mlp: Sequential
  /// The prototypes.
  public let lastLayer: WeightNormalizedLinear

  /// Makes the layers; `trainsGain` lets the prototypes' lengths be trained.
  public init(
    _ features: Int, hidden: Int, bottleneck: Int, prototypes: Int, trainsGain: Bool, using generator: Generator
  ) {
    mlp = Sequential([
      Linear(features, hidden, initialization: .truncatedNormal, using: generator), GELU(),
      Linear(hidden, hidden, initialization: .truncatedNormal, using: generator), GELU(),
      Linear(hidden, bottleneck, initialization: .truncatedNormal, using: generator),
    ])
    lastLayer = WeightNormalizedLinear(bottleneck, prototypes, trainsGain: trainsGain, using: generator)
  }

  /// `[…, features]` to `[…, bottleneck]`, vectors of length one.
  public func directions(_ features: Tensor, in phase: Phase) -> Tensor {
    mlp(features, in: phase).converted(to: .float32).normalized()
  }

  /// `[…, features]` to `[…, prototypes]`.
  public func callAsFunction(_ features: Tensor, in phase: Phase) -> Tensor {
    lastLayer(directions(features, in: phase), in: phase)
  }
}
