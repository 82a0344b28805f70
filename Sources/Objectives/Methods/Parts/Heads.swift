import NeuralNetworks
import RunConfiguration
import Torch

extension Sequential {
  /// A projector: linear layers without bias, each followed by batch normalization, rectified between.
  ///
  /// - Parameters:
  ///   - widths: Input, hidden and output widths.
  ///   - endsNormalized: Whether the last linear layer is normalized too.
  ///   - endsAffine: Whether that last normalization has scale and shift (SimSiam: no).
  public static func projector(
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
  public static func predictor(_ width: Int, hidden: Int, using generator: Generator) -> Sequential {
    Sequential([
      Linear(width, hidden, bias: false, using: generator), BatchNorm(hidden), ReLU(),
      Linear(hidden, width, using: generator),
    ])
  }
}

/// A backbone and the head on top of it: what a teacher copies.
public final class ProjectedBackbone<Head: Layer>: Layer {
  /// The network whose features are kept.
  public let backbone: any Backbone
  /// What the loss looks through.
  public let head: Head

  /// Puts a head, made for the backbone's width, on a backbone.
  public init(_ backbone: any Backbone, head: (_ features: Int) -> Head) {
    self.backbone = backbone
    self.head = head(backbone.featureCount)
  }

  /// `[batch, channels, height, width]` to what the head makes of the features.
  public func callAsFunction(_ images: Tensor, in phase: Phase) -> Tensor {
    head(backbone(images, in: phase), in: phase)
  }

  /// The output for each view, in float32; see `encoded(jointly:by:)`.
  public func outputs(of views: [View], for pass: Pass, jointly: Bool = false) -> [Tensor] {
    views.encoded(jointly: jointly || pass.isJoint) { [self($0, in: pass.phase)] }.map { $0[0] }
  }
}

extension ProjectedBackbone where Head == Sequential {
  /// A projector of `layers` linear layers on a backbone; `hidden` 0 takes the backbone's width.
  public convenience init(
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

/// The encoding of a view in methods without predictor and teacher.
public struct Projection {
  /// `[batch, width]`.
  public let projection: Tensor

  /// Wraps a projection.
  public init(projection: Tensor) {
    self.projection = projection
  }
}

extension Module {
  /// Whether outputs depend on what else is in the batch.
  public var normalizesOverBatch: Bool { namedState().contains { $0.name.hasSuffix("running_mean") } }
}

extension SettingReport {
  /// Requires a batch of several images, for losses that compare them.
  public mutating func requireBatch(of minimum: Int, in setting: MethodSetting, because reason: String) {
    require(
      setting.batchSize >= minimum,
      reason: "needs at least \(minimum) images at a time (training.batch_size / training.accumulation), not "
        + "\(setting.batchSize), because \(reason)")
  }
}
