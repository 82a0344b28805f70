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

  /// The output for each view, in float32; see `forward`.
  func outputs(of views: [View], in phase: Phase, jointly: Bool) -> [Tensor] {
    forward(views, jointly: jointly) { [self($0, in: phase)] }.map { $0[0] }
  }
}

extension ProjectedBackbone where Head == Sequential {
  /// A projector of `layers` linear layers on a backbone; `hidden` 0 takes the backbone's width.
  convenience init(
    _ backbone: any Backbone, layers: Int, hidden: Int, output: Int, endsNormalized: Bool = false,
    endsAffine: Bool = false, using generator: Generator
  ) {
    self.init(backbone) { features in
      let inner = Array(repeating: hidden == 0 ? features : hidden, count: layers - 1)
      return .projector(
        [features] + inner + [output], endsNormalized: endsNormalized, endsAffine: endsAffine, using: generator)
    }
  }
}

/// What methods without predictor and teacher make of a view.
public struct Projection {
  /// `[batch, width]`.
  package let projection: Tensor

  package init(projection: Tensor) {
    self.projection = projection
  }
}

extension Module {
  /// Whether outputs depend on what else is in the batch.
  var normalizesOverBatch: Bool { namedState().contains { $0.name.hasSuffix("running_mean") } }
}

/// Widths of layers that a method's section names, for checks before anything is built.
///
/// - Parameter projector: One that may be 0 for the backbone's width.
func problem(inWidths widths: [(key: String, value: Int)], projector: Int = 0) -> MethodProblem? {
  if projector < 0 {
    return MethodProblem("projector_hidden", "must be 0 (the backbone's width) or more, not \(projector)")
  }
  return widths.first { $0.value < 1 }.map { MethodProblem($0.key, "must be at least 1, not \($0.value)") }
}

/// Numbers that must be above zero.
func problem(inPositive values: [(key: String, value: Double)]) -> MethodProblem? {
  values.first { !($0.value > 0) }.map { MethodProblem($0.key, "must be above 0, not \($0.value)") }
}

/// Numbers that must not be below zero.
func problem(inWeights values: [(key: String, value: Double)]) -> MethodProblem? {
  values.first { !($0.value >= 0) }.map { MethodProblem($0.key, "must be 0 or more, not \($0.value)") }
}

/// A loss that compares the images of a batch needs several, and one that normalizes over it as well.
func problem(inBatch size: Int, atLeast minimum: Int, because reason: String) -> MethodProblem? {
  size >= minimum
    ? nil
    : MethodProblem("", "needs training.batch_size of at least \(minimum), not \(size), because \(reason)")
}
