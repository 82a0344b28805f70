import NeuralNetworks
import Optimization
import RunConfiguration
import Views

/// A complete, checked configuration: the user's settings laid over the defaults, with the method they name.
public struct ResolvedConfiguration: Sendable {
  /// The typed values.
  public let values: PretrainingConfiguration
  /// The same with every default written out, as saved in a run folder.
  public let tree: ConfigurationTree
  /// The method that the settings name.
  public let method: any SelfSupervisedMethod.Type

  /// Lays settings over the defaults and checks them.
  /// - Throws: `ConfigurationError` that names the key path, what was wrong and what is known.
  public init(_ settings: ConfigurationTree) throws(ConfigurationError) {
    let values = try ConfigurationTree.decode(
      PretrainingConfiguration(), overlaying: Self.expandingPipeline(in: settings))
    let name = values.method.string(at: "name") ?? ""
    guard let method = Methods.named(name) else {
      throw ConfigurationError(
        path: "method.name", problem: .unknownValue(name, known: Methods.all.map { $0.name }))
    }
    var complete = values
    complete.method = try Self.completeSection(of: method, from: values.method)
    try Self.check(complete, method: method)
    self.values = complete
    self.method = method
    tree = try ConfigurationTree(encoding: complete)
  }

  /// Replaces `views.pipeline`, the name or file of a view pipeline of one group, by its keys; those beside it win.
  private static func expandingPipeline(
    in settings: ConfigurationTree
  ) throws(ConfigurationError) -> ConfigurationTree {
    guard let views = settings["views"], let name = views.string(at: "pipeline") else { return settings }
    let groups = try ViewPipeline.find(name, at: "views.pipeline").groups
    guard groups.count == 1 else {
      let names = groups.map(\.name).joined(separator: ", ")
      throw ConfigurationError(
        path: "views.pipeline",
        problem: .invalid("'\(name)' draws several kinds of views (\(names)), but this method trains on one kind"))
    }
    var expanded = settings
    expanded.set(try ConfigurationTree(encoding: groups[0].recipe).merging(views.removing("pipeline")), at: "views")
    return expanded
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
      Method.defaultConfiguration, overlaying: section.removing("name"), at: "method")
  }

  /// Checks what types cannot say.
  private static func check(
    _ values: PretrainingConfiguration, method: any SelfSupervisedMethod.Type
  ) throws(ConfigurationError) {
    func require(_ condition: Bool, _ path: String, _ reason: String) throws(ConfigurationError) {
      guard condition else { throw ConfigurationError(path: path, problem: .invalid(reason)) }
    }
    try require(values.threads >= 0, "threads", "must be 0 (every core) or more, not \(values.threads)")
    try require(values.training.epochs > 0, "training.epochs", "must be at least 1, not \(values.training.epochs)")
    try require(
      values.training.batchSize > 1, "training.batch_size",
      "must be at least 2 because batch normalization needs more than one image, not \(values.training.batchSize)")
    try require(
      [1, 3].contains(values.backbone.channels), "backbone.channels",
      "must be 1 (grey) or 3 (colour), not \(values.backbone.channels)")
    try require(values.backbone.width > 0, "backbone.width", "must be at least 1, not \(values.backbone.width)")
    try require(
      values.selection.candidates >= 2, "selection.candidates",
      "must be at least 2, because the loss relates two views, not \(values.selection.candidates)")
    try require(
      values.optimizer.learningRate > 0, "optimizer.learning_rate",
      "must be above 0, not \(values.optimizer.learningRate)")
    try require(values.data.limit >= 0, "data.limit", "must be 0 (all) or more, not \(values.data.limit)")
    try require(
      (-1...1024).contains(values.data.loaderThreads), "data.loader_threads",
      "must be -1 (one for every core), 0 (none) or up to 1024, not \(values.data.loaderThreads)")
    try require(
      values.data.prefetchedBatches >= 1, "data.prefetched_batches",
      "must be at least 1, not \(values.data.prefetchedBatches)")
    try require(
      values.data.decodingMargin >= 0 && values.data.decodingMargin <= 100, "data.decoding_margin",
      "must be 0 (decode in full) or between 1 and 100, not \(values.data.decodingMargin)")
    try require(
      values.data.megapixelLimit > 0 && values.data.megapixelLimit <= 1e6, "data.megapixel_limit",
      "must be above 0 and at most 1000000, not \(values.data.megapixelLimit)")
    try require(
      values.data.cacheMegabytes >= 0, "data.cache_megabytes",
      "must be 0 (keep nothing) or more, not \(values.data.cacheMegabytes)")
    try require(
      values.data.shuffleBuffer >= 1, "data.shuffle_buffer", "must be at least 1, not \(values.data.shuffleBuffer)")
    try require(
      values.records.metricsEverySteps >= 1, "records.metrics_every_steps",
      "must be at least 1, not \(values.records.metricsEverySteps)")
    try require(
      values.records.checkpointEveryEpochs >= 1, "records.checkpoint_every_epochs",
      "must be at least 1, not \(values.records.checkpointEveryEpochs)")
    try require(
      values.evaluation.crop > 0 && values.evaluation.crop <= values.evaluation.resize, "evaluation.crop",
      "must be between 1 and evaluation.resize (\(values.evaluation.resize)), not \(values.evaluation.crop)")
    do {
      try values.views.validate()
    } catch {
      throw ConfigurationError(path: error.keyPath, problem: .invalid(error.problem))
    }
    let means = values.views.normalization.mean.count
    try require(
      means == 1 || means == values.backbone.channels, "views.normalization.mean",
      "has \(means) entries for images of \(values.backbone.channels) channels (backbone.channels); give one or as many"
    )
  }
}
