import NeuralNetworks
import Torch

extension Sequential {
  /// A projector: linear layers without bias, each followed by batch normalization, rectified between.
  ///
  /// - Parameters:
  ///   - widths: Input, hidden and output widths.
  ///   - endsNormalized: Whether the last linear layer is normalized too.
  ///   - endsAffine: Whether that last normalization has scale and shift (SimSiam: no).
  static func projector(
    _ widths: [Int], endsNormalized: Bool = true, endsAffine: Bool = false, using generator: Generator
  ) -> Sequential {
    var layers: [any Layer] = []
    for (index, (inputs, outputs)) in zip(widths, widths.dropFirst()).enumerated() {
      let isLast = index == widths.count - 2
      layers.append(Linear(inputs, outputs, bias: false, using: generator))
      if !isLast || endsNormalized { layers.append(BatchNorm(outputs, isAffine: !isLast || endsAffine)) }
      if !isLast { layers.append(ReLU()) }
    }
    return Sequential(layers)
  }

  /// A predictor: a bottleneck of two linear layers, normalized and rectified between.
  static func predictor(_ width: Int, hidden: Int, using generator: Generator) -> Sequential {
    Sequential([
      Linear(width, hidden, bias: false, using: generator), BatchNorm(hidden), ReLU(),
      Linear(hidden, width, using: generator),
    ])
  }
}

/// A backbone and the head on top of it: what a teacher copies.
final class ProjectedBackbone<Head: Layer>: Layer {
  let backbone: any Backbone
  let head: Head

  init(_ backbone: any Backbone, head: (_ features: Int) -> Head) {
    self.backbone = backbone
    self.head = head(backbone.featureCount)
  }

  func callAsFunction(_ images: Tensor, in phase: Phase) -> Tensor {
    head(backbone(images, in: phase), in: phase)
  }
}

extension Module {
  /// Whether outputs depend on what else is in the batch.
  var normalizesOverBatch: Bool { namedState().contains { $0.name.hasSuffix("running_mean") } }
}

/// Widths of layers that a method's section names, for checks before anything is built.
func problem(inWidths widths: [(key: String, value: Int)]) -> MethodProblem? {
  widths.first { $0.value < 1 }.map { MethodProblem($0.key, "must be at least 1, not \($0.value)") }
}

/// A loss that compares the images of a batch needs several, and one that normalizes over it as well.
func problem(inBatch size: Int, atLeast minimum: Int, because reason: String) -> MethodProblem? {
  size >= minimum
    ? nil : MethodProblem("", "needs training.batch_size of at least \(minimum), not \(size), because \(reason)")
}
