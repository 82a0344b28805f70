import HardViewSelection
import ImageData
import NeuralNetworks
import Objectives
import Optimization
import RunConfiguration
import Torch
import Views

/// A complete, checked configuration: the user's settings laid over the defaults, with the method they name.
public struct ResolvedConfiguration: Sendable {
  /// The typed values.
  public let values: PretrainingConfiguration
  /// The same with every default written out, as saved in a run folder.
  public let tree: ConfigurationTree
  /// How views are made.
  public let views: ViewPipeline
  /// The method that the settings name.
  public let method: any SelfSupervisedMethod.Type
  /// The components that settings can name.
  public let components: Components

  /// Lays settings over the defaults and checks them.
  /// - Parameter components: What they may name.
  /// - Throws: `ConfigurationError` that names the key path, what was wrong and what is known.
  public init(_ settings: ConfigurationTree, components: Components = .standard) throws(ConfigurationError) {
    var values = try ConfigurationTree.decode(PretrainingConfiguration(), overlaying: Self.renamed(settings))
    let method = try components.method(named: values.method.string(at: "name") ?? "")
    views = try ViewPipeline(section: values.views, components: components)
    values.observers = try components.completeObservers(values.observers)
    if values.backbone.isTransformer, values.backbone.imageSize == 0 {
      values.backbone.imageSize = views.groups.map(\.recipe.size).max() ?? 0
    }
    values.evaluation = try values.evaluation.following(viewSize: views.globalSize)
    try ConfigurationCheck(values: values, views: views, components: components, method: method).run()
    try Self.check(values.method, of: method, with: values, views: views)
    values.views = try views.section
    values.method = try Self.completeSection(of: method, from: values.method)
    self.values = values
    self.method = method
    self.components = components
    tree = try ConfigurationTree(encoding: values)
  }

  /// Settings under the names that they have today.
  private static func renamed(_ settings: ConfigurationTree) -> ConfigurationTree {
    var settings = settings
    for (section, old, new) in [
      ("method", "centre_momentum", "method.center_momentum"),
      ("records", "checkpoint_every_epochs", "records.checkpoints.every_epochs"),
    ] {
      guard let value = settings["\(section).\(old)"] else { continue }
      settings.set((settings[section] ?? .empty).removing(old), at: section)
      settings.set(value, at: new)
    }
    return settings
  }

  /// What selection needs to know.
  /// - Parameter dtype: What convolutions and matrix products compute in.
  public func selectionSetting(dtype: DType) -> SelectionSetting {
    SelectionSetting(
      plan: views.plan, recipes: views.groups.map(\.recipe), backbone: values.backbone,
      threads: max(values.data.loaderThreadCount, 1), dtype: dtype, selectors: components.selectors,
      method: MethodTraits(method))
  }

  /// The views that training draws of every image, group by group.
  public func drawnViews() throws(ConfigurationError) -> [DrawnViews] {
    try ViewSelection(values.selection, selectionSetting(dtype: .float32)).drawnViews
  }

  /// The recipe of each view that the loader draws of an image, as they are numbered.
  public func drawnRecipes() throws(ConfigurationError) -> [ViewRecipe] {
    try drawnViews().flatMap { Array(repeating: $0.recipe, count: $0.count) }
  }

  /// The images that the configuration names.
  public func open(split: DataSplit) throws -> any ImageDataset {
    try Pretraining.open(values.data, split: split, channels: values.backbone.channels, components: components)
  }

  /// The method's section with its defaults written out, the name first.
  private static func completeSection<Method: SelfSupervisedMethod>(
    of method: Method.Type, from section: ConfigurationTree
  ) throws(ConfigurationError) -> ConfigurationTree {
    let configuration = try configuration(of: method, from: section)
    guard case .mapping(let entries) = try ConfigurationTree(encoding: configuration) else { return section }
    return .mapping([("name", .string(Method.name))] + entries.map { ($0.key, $0.value) })
  }

  /// The method's typed configuration.
  static func configuration<Method: SelfSupervisedMethod>(
    of method: Method.Type, from section: ConfigurationTree
  ) throws(ConfigurationError) -> Method.Configuration {
    try ConfigurationTree.decode(
      Method.Configuration(), overlaying: section.removing("name"), at: "method")
  }

  /// Checks a method's section and whether the method can be trained with the rest.
  private static func check<Method: SelfSupervisedMethod>(
    _ section: ConfigurationTree, of method: Method.Type, with values: PretrainingConfiguration, views: ViewPipeline
  ) throws(ConfigurationError) {
    let locals = views.groups.filter(\.isLocal)
    if let local = locals.first, !Method.takesLocalViews {
      throw ConfigurationError(
        path: "views.groups.\(local.name)",
        problem: .invalid("draws local views, but \(Method.name) trains on two global ones; remove it"))
    }
    if views.plan.globalSlotCount != 2, values.selection.policy != .all {
      throw ConfigurationError(
        path: "views.groups",
        problem: .invalid(
          "train on \(views.plan.globalSlotCount) global views (the sum of their counts), but the loss relates two; "
            + "to train on more, set selection.policy to all and selection.candidates to their number"))
    }
    let configuration = try configuration(of: method, from: section)
    let setting = MethodSetting(
      backbone: values.backbone, batchSize: values.training.batchSize / values.training.accumulation)
    var report = SettingReport(at: "method")
    configuration.check(with: setting, &report)
    try report.validate()
  }
}
