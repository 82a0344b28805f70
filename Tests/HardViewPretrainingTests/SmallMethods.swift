import HardViewPretraining
import NeuralNetworks
import RunConfiguration
import Torch

/// Every method with narrow heads and a small network, for tests.
enum SmallMethods {
  private static let sections = [
    "simsiam": "{projector_layers: 2, projector_output: 16, predictor_hidden: 8}",
    "simclr": "{projector_output: 16}",
    "dino": "{head_hidden: 24, head_bottleneck: 16, prototypes: 32, last_layer_frozen_epochs: 0}",
    "ibot": "{head_hidden: 24, head_bottleneck: 16, prototypes: 32, patch_prototypes: 32, mask_probability: 1.0, "
      + "last_layer_frozen_epochs: 0, teacher_temperature_warmup_epochs: 0}",
    "byol": "{projector_hidden: 24, projector_output: 16, predictor_hidden: 24}",
    "moco-v3": "{projector_hidden: 24, projector_output: 16, predictor_hidden: 24}",
    "barlow-twins": "{projector_hidden: 24, projector_output: 16}",
    "vicreg": "{projector_hidden: 24, projector_output: 16}",
  ]

  static func configuration<Method: SelfSupervisedMethod>(_ method: Method.Type) throws -> Method.Configuration {
    let section = try ConfigurationTree(yaml: sections[Method.name] ?? "{}", source: Method.name)
    return try ConfigurationTree.decode(Method.defaultConfiguration, overlaying: section)
  }

  /// A transformer for the methods that come from there, else a residual network.
  static func backbone<Method: SelfSupervisedMethod>(
    for method: Method.Type, channels: Int = 3, isTransformer: Bool = Method.takesLocalViews
  ) -> BackboneConfiguration {
    var backbone = BackboneConfiguration()
    backbone.channels = channels
    if isTransformer {
      (backbone.name, backbone.width, backbone.depth, backbone.patchSize) = (.vitTiny, 16, 2, 4)
      backbone.imageSize = 16
    } else {
      (backbone.name, backbone.stem, backbone.width) = (.resnet18, .cifar, 4)
    }
    return backbone
  }

  static func make<Method: SelfSupervisedMethod>(
    _ method: Method.Type, channels: Int = 3, isTransformer: Bool = Method.takesLocalViews,
    generator: Generator = Generator(seed: 0)
  ) throws -> Method {
    let backbone = backbone(for: method, channels: channels, isTransformer: isTransformer)
    return Method(
      try configuration(method), backbone: { backbone.makeBackbone(role: $0, using: generator) }, using: generator)
  }

  static func plan<Method: SelfSupervisedMethod>(of method: Method.Type) -> ViewPlan {
    Method.takesLocalViews
      ? ViewPlan([
        ViewGroup("global", used: 1), ViewGroup("global_solarized", used: 1),
        ViewGroup("local", used: 2, isLocal: true),
      ]) : .pair
  }

  /// Random pixels for every candidate view, with masks where the method draws some.
  static func pool<Method: SelfSupervisedMethod>(
    for method: Method, sizes: [Int], batch: Int = 6, channels: Int = 3, seed: UInt64 = 1
  ) -> ViewPool {
    let plan = plan(of: Method.self)
    let draw = SelectionDraw(seed: seed, epoch: 0, samples: Array(0..<batch))
    return ViewPool(
      zip(plan.groups, sizes).enumerated().map { index, element in
        let (group, count) = element
        let side = group.isLocal ? 8 : 16
        let views = MaskedViews(group: index, count: count, size: side, isLocal: group.isLocal)
        return ViewPool.Group(
          .normal([count, batch, side, side, channels], using: Generator(seed: seed + UInt64(index))),
          isLocal: group.isLocal, masks: method.masks(of: views, for: draw))
      })
  }
}
