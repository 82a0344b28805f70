import HardViewPretraining
import HardViewSelection
import MethodConformance
import NeuralNetworks
import Objectives
import Optimization
import RunConfiguration
import Torch
import Views

/// Every method with narrow heads and a small network, for tests.
enum SmallMethods {
  static let sections = [
    "simsiam": "{projector_layers: 2, projector_output: 16, predictor_hidden: 8}",
    "simclr": "{projector_output: 16}",
    "dino": "{head_hidden: 24, head_bottleneck: 16, prototypes: 32, last_layer_frozen_epochs: 0}",
    "ibot": "{head_hidden: 24, head_bottleneck: 16, prototypes: 32, patch_prototypes: 32, mask_probability: 1.0, "
      + "last_layer_frozen_epochs: 0, teacher_temperature_warmup_epochs: 0}",
    "byol": "{projector_hidden: 24, projector_output: 16, predictor_hidden: 24}",
    "moco-v3": "{projector_hidden: 24, projector_output: 16, predictor_hidden: 24}",
    "barlow-twins": "{projector_hidden: 24, projector_output: 16}",
    "vicreg": "{projector_hidden: 24, projector_output: 16}",
    "mv-dhel": "{projector_output: 16}",
    "lejepa": "{projector_hidden: 24, projector_output: 16, slices: 8}",
    "simdino": "{head_hidden: 24, head_output: 16}",
  ]

  static let names = Components.standard.methods.map { $0.name }

  static func method(_ name: String) throws -> any SelfSupervisedMethod.Type {
    try Components.standard.method(named: name)
  }

  static func configuration<Method: SelfSupervisedMethod>(_ method: Method.Type) throws -> Method.Configuration {
    let section = try ConfigurationTree(yaml: sections[Method.name] ?? "{}", source: Method.name)
    return try ConfigurationTree.decode(Method.Configuration(), overlaying: section)
  }

  /// A transformer for the methods that come from there, else a residual network.
  static func backbone<Method: SelfSupervisedMethod>(
    for method: Method.Type, channels: Int = 3, isTransformer: Bool = Method.takesLocalViews
  ) -> BackboneConfiguration {
    SmallViews.backbone(channels: channels, isTransformer: isTransformer)
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
    SmallViews.plan(takesLocalViews: Method.takesLocalViews)
  }

  static func setting<Method: SelfSupervisedMethod>(for method: Method.Type, dtype: DType = .float32)
    -> SelectionSetting
  {
    SelectionSetting(
      plan: plan(of: method), recipes: recipes(of: plan(of: method)), backbone: backbone(for: method), threads: 1,
      dtype: dtype)
  }

  /// Views of 16 pixels, local ones of 8.
  private static func recipes(of plan: ViewPlan) -> [ViewRecipe] {
    plan.groups.map { group in
      var recipe = ViewRecipe()
      recipe.size = group.isLocal ? 8 : 16
      return recipe
    }
  }

  static func selection<Method: SelfSupervisedMethod>(
    _ configuration: SelectionConfiguration, for method: Method.Type, dtype: DType = .float32
  ) throws -> ViewSelection {
    try ViewSelection(configuration, setting(for: method, dtype: dtype))
  }

  /// Random pixels for every candidate view, with masks where the method draws some.
  static func pool<Method: SelfSupervisedMethod>(
    for method: Method, sizes: [Int], batch: Int = 6, channels: Int = 3, seed: UInt64 = 1
  ) -> ViewPool {
    SmallViews.pool(for: method, sizes: sizes, batch: batch, channels: channels, seed: seed)
  }

  /// The training step of a method, with a selection from views rendered beforehand.
  static func learner<Method: SelfSupervisedMethod>(
    _ method: Method, _ selection: SelectionConfiguration,
    _ optimizer: OptimizerConfiguration = OptimizerConfiguration(),
    batch: Int = 6, dtype: DType = .float32
  ) throws -> HardViewLearner<Method> {
    HardViewLearner(
      method, selection: try self.selection(selection, for: Method.self, dtype: dtype),
      optimizer: ScheduledOptimizer(optimizer, groups: method.parameterGroups, batchSize: batch), dtype: dtype)
  }

  static func context(batch: Int = 6) -> StepContext { SmallViews.context(batch: batch) }
}
