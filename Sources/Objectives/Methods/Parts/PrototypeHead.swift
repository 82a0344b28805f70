import NeuralNetworks
import Torch

/// Linear layers with GELU between them, and vectors of length one: the head of SimDINO, and of DINO before its
/// prototypes.
public final class DirectionHead: Layer {
  /// The layers.
  public let mlp: Sequential

  /// Makes the layers, three of them.
  public init(_ features: Int, hidden: Int, output: Int, using generator: Generator) {
    mlp = .directionLayers(features, hidden: hidden, output: output, using: generator)
  }

  /// `[…, features]` to `[…, output]`.
  public func callAsFunction(_ features: Tensor, in phase: Phase) -> Tensor {
    mlp(features, in: phase).converted(to: .float32).normalized()
  }
}

extension Sequential {
  fileprivate static func directionLayers(
    _ features: Int, hidden: Int, output: Int, using generator: Generator
  ) -> Sequential {
    Sequential([
      Linear(features, hidden, initialization: .truncatedNormal, using: generator), GELU(),
      Linear(hidden, hidden, initialization: .truncatedNormal, using: generator), GELU(),
      Linear(hidden, output, initialization: .truncatedNormal, using: generator),
    ])
  }
}

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
    mlp = .directionLayers(features, hidden: hidden, output: bottleneck, using: generator)
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
