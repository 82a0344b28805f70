import HardViewSelection
import ImageData
import NeuralNetworks
import Objectives
import Optimization
import RunConfiguration
import Torch
import Views

/// Checks what types cannot say.
struct ConfigurationCheck {
  let values: PretrainingConfiguration
  let views: ViewPipeline
  let components: Components

  /// Throws the first mistake.
  func run() throws(ConfigurationError) {
    try require(
      (0...1024).contains(values.threads), "threads",
      "must be 0 (every core) or up to 1024, not \(values.threads)")
    try require(values.training.epochs > 0, "training.epochs", "must be at least 1, not \(values.training.epochs)")
    try require(
      values.training.batchSize > 1, "training.batch_size",
      "must be at least 2 because batch normalization needs more than one image, not \(values.training.batchSize)")
    try require(
      [1, 3].contains(values.backbone.channels), "backbone.channels",
      "must be 1 (gray) or 3 (color), not \(values.backbone.channels)")
    try checkSizes()
    try report(values.backbone.problem(), in: "backbone")
    try require(
      values.backbone.isTransformer || !(1...4).contains(values.backbone.width) || !Engine.overrunsNarrowConvolutions,
      "backbone.width",
      "must be 0 (as published) or at least 5 on this processor, not \(values.backbone.width), because libtorch's "
        + "convolutions of so few channels write beyond their memory there")
    try report(values.optimizer.problem(), in: "optimizer")
    let setting = SelectionSetting(
      plan: views.plan, recipes: views.groups.map(\.recipe), backbone: values.backbone, threads: 1, dtype: .float32,
      selectors: components.selectors)
    if let problem = values.selection.problem(in: setting, device: values.device.device) { throw problem }
    guard components.formatNames.contains(values.data.format.rawValue) else {
      throw ConfigurationError(
        path: "data.format", problem: .unknownValue(values.data.format.rawValue, known: components.formatNames))
    }
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
      values.data.background == "none" || BackgroundColor(values.data.background) != nil, "data.background",
      "must be none or a color of six hexadecimal digits such as \"#ffffff\", not '\(values.data.background)'")
    try require(
      values.data.megapixelLimit > 0 && values.data.megapixelLimit <= 1e6, "data.megapixel_limit",
      "must be above 0 and at most 1000000, not \(values.data.megapixelLimit)")
    try require(
      values.data.cacheMegabytes >= 0, "data.cache_megabytes",
      "must be 0 (keep nothing) or more, not \(values.data.cacheMegabytes)")
    try require(
      (0...1).contains(values.data.skippedShareLimit), "data.skipped_share_limit",
      "must be between 0 and 1, not \(values.data.skippedShareLimit)")
    try require(
      values.data.shuffleBuffer >= 1, "data.shuffle_buffer", "must be at least 1, not \(values.data.shuffleBuffer)")
    try require(
      values.records.metricsEverySteps >= 1, "records.metrics_every_steps",
      "must be at least 1, not \(values.records.metricsEverySteps)")
    try require(
      values.records.viewsOfImages >= 0, "records.views_of_images",
      "must be 0 (none) or more, not \(values.records.viewsOfImages)")
    try report(values.records.checkpoints.problem(), in: "records.checkpoints")
    let restarts = values.training.restarts
    try require(
      zip([0] + restarts, restarts).allSatisfy { $0 < $1 } && restarts.allSatisfy { $0 < values.training.epochs },
      "training.restarts",
      "must be ascending epochs between 0 and training.epochs (\(values.training.epochs)), not \(restarts)")
    try require(
      values.evaluation.crop > 0 && values.evaluation.crop <= values.evaluation.resize, "evaluation.crop",
      "must be between 1 and evaluation.resize (\(values.evaluation.resize)), not \(values.evaluation.crop)")
    try require(
      values.safety.deviationFloor >= 0 && values.safety.deviationFloor < 1, "safety.deviation_floor",
      "must be from 0 (never collapsed) up to 1, not \(values.safety.deviationFloor)")
    try require(
      values.safety.rankFloor >= 0, "safety.rank_floor",
      "must be 0 (never collapsed) or more, not \(values.safety.rankFloor)")
    for (path, recipe) in recipes {
      let means = recipe.normalization.mean.count
      try require(
        means == 1 || means == values.backbone.channels, "\(path).normalization.mean",
        "has \(means) entries for images of \(values.backbone.channels) channels (backbone.channels); give one or as many"
      )
    }
  }

  /// Transformers cut images into whole patches.
  private func checkSizes() throws(ConfigurationError) {
    let patch = values.backbone.patchSize
    guard values.backbone.isTransformer, patch >= 1 else { return }
    let sizes = recipes.map { ("\($0.path).size", $0.recipe.size) } + [("evaluation.crop", values.evaluation.crop)]
    for (path, size) in sizes {
      try require(
        size % patch == 0, path,
        "is \(size), which patches of \(patch) pixels (backbone.patch_size) do not divide; try \(max(size / patch, 1) * patch)"
      )
    }
  }

  /// Every group's recipe with its key path.
  private var recipes: [(path: String, recipe: ViewRecipe)] {
    views.groups.map { (views.groups.count == 1 ? "views" : "views.groups.\($0.name)", $0.recipe) }
  }

  private func require(_ condition: Bool, _ path: String, _ reason: String) throws(ConfigurationError) {
    guard condition else { throw ConfigurationError(path: path, problem: .invalid(reason)) }
  }

  private func report(_ problem: (key: String, reason: String)?, in section: String) throws(ConfigurationError) {
    if let problem { throw ConfigurationError(path: "\(section).\(problem.key)", problem: .invalid(problem.reason)) }
  }
}
