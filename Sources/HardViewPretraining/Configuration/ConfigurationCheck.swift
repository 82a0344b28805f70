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
  let method: any SelfSupervisedMethod.Type

  /// Throws the first mistake.
  func run() throws(ConfigurationError) {
    try require(
      (0...1024).contains(values.threads), "threads",
      "must be 0 (every core) or up to 1024, not \(values.threads)")
    try require(
      (1...1_000_000_000).contains(values.training.epochs), "training.epochs",
      "must be at least 1 and at most 1000000000, not \(values.training.epochs)")
    try require(
      values.training.batchSize > 1, "training.batch_size",
      "must be at least 2 because batch normalization needs more than one image, not \(values.training.batchSize)")
    try checkAccumulation()
    try require(
      values.training.batchSize <= 1_000_000_000, "training.batch_size",
      "must be at most 1000000000, not \(values.training.batchSize)")
    try checkSizes()
    try EncoderConfiguration.check(values.backbone)
    try report(values.optimizer.problem(), in: "optimizer")
    let setting = SelectionSetting(
      plan: views.plan, recipes: views.groups.map(\.recipe), backbone: values.backbone, threads: 1, dtype: .float32,
      selectors: components.selectors, method: MethodTraits(method))
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
    try report(values.data.decodingProblem(), in: "data")
    try require(
      values.data.megapixelLimit > 0 && values.data.megapixelLimit <= 1e6, "data.megapixel_limit",
      "must be above 0 and at most 1000000, not \(values.data.megapixelLimit)")
    try require(
      (0...1_000_000_000).contains(values.data.cacheMegabytes), "data.cache_megabytes",
      "must be 0 (keep nothing) or up to 1000000000, not \(values.data.cacheMegabytes)")
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
    try values.data.weights.check()
    try report(values.records.checkpoints.problem(), in: "records.checkpoints")
    let frozen = values.training.frozenEncoderEpochs
    try require(
      frozen >= 0 && frozen < values.training.epochs, "training.frozen_encoder_epochs",
      "must be 0 (none) or more and less than training.epochs (\(values.training.epochs)), not \(frozen), so that the "
        + "encoder trains at last")
    let restarts = values.training.restarts
    try require(
      zip([0] + restarts, restarts).allSatisfy { $0 < $1 } && restarts.allSatisfy { $0 < values.training.epochs },
      "training.restarts",
      "must be ascending epochs between 0 and training.epochs (\(values.training.epochs)), not \(restarts)")
    try EncoderConfiguration.check(
      crop: values.evaluation.crop, resize: values.evaluation.resize, of: values.backbone, in: "evaluation")
    try report(values.evaluation.online.problem(), in: "evaluation.online")
    try require(
      values.training.patience >= 0, "training.patience",
      "must be 0 (never) or more epochs, not \(values.training.patience)")
    try require(
      values.training.patience == 0 || values.evaluation.online.isOn, "training.patience",
      "is \(values.training.patience), but there is no signal to wait for; set evaluation.online.every_epochs to -1")
    try require(
      values.safety.deviationFloor >= 0 && values.safety.deviationFloor < 1, "safety.deviation_floor",
      "must be from 0 (never collapsed) up to 1, not \(values.safety.deviationFloor)")
    try require(
      values.safety.rankFloor >= 0, "safety.rank_floor",
      "must be 0 (never collapsed) or more, not \(values.safety.rankFloor)")
    for (path, recipe) in recipes { try checkChannels(of: recipe, at: path) }
  }

  /// Normalization has an entry for every channel, and only colors are changed as colors.
  private func checkChannels(of recipe: ViewRecipe, at path: String) throws(ConfigurationError) {
    let channels = values.backbone.channels
    for (key, count) in [
      ("mean", recipe.normalization.mean.count),
      ("standard_deviation", recipe.normalization.standardDeviation.count),
    ] {
      try require(
        count == 1 || count == channels, "\(path).normalization.\(key)",
        "has \(count) entries for images of \(channels) channels (backbone.channels); give one or as many")
    }
    guard channels != 1, channels != 3 else { return }
    let jitters = recipe.jitter.probability > 0
    for (key, isUsed) in [
      ("jitter.saturation", jitters && recipe.jitter.saturation > 0), ("jitter.hue", jitters && recipe.jitter.hue > 0),
      ("grayscale_probability", recipe.grayscaleProbability > 0 && !recipe.threeAugment),
      ("three_augment", recipe.threeAugment), ("rand_augment.operations", recipe.randAugment.operations > 0),
    ] {
      try require(
        !isUsed, "\(path).\(key)",
        "changes colors, which images of \(channels) channels (backbone.channels) do not have; set it to "
          + (key == "three_augment" ? "false" : "0"))
    }
  }

  /// A batch is cut into equal parts, each large enough for batch normalization.
  private func checkAccumulation() throws(ConfigurationError) {
    let (batch, parts) = (values.training.batchSize, values.training.accumulation)
    func cuts(_ parts: Int) -> Bool { batch % parts == 0 && batch / parts > 1 }
    try require(parts >= 1, "training.accumulation", "must be 1 (the whole batch at once) or more, not \(parts)")
    try require(
      cuts(parts), "training.accumulation",
      "is \(parts), which does not cut training.batch_size (\(batch)) into equal parts of two images or more; try "
        + "\((1...min(parts, batch)).last(where: cuts) ?? 1)")
    let limit = values.training.memoryLimit
    try require(
      limit.isEmpty || MemorySize(limit) != nil, "training.memory_limit",
      "must be a size such as 8GB or 500MiB, or empty, not '\(limit)'")
  }

  /// Transformers cut views into whole patches.
  private func checkSizes() throws(ConfigurationError) {
    for (path, recipe) in recipes {
      try EncoderConfiguration.check(patchesOf: recipe.size, in: values.backbone, at: "\(path).size")
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
