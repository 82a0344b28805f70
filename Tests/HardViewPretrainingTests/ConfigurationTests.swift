import Foundation
import HardViewPretraining
import HardViewSelection
import NeuralNetworks
import Objectives
import Optimization
import RunConfiguration
import TestSupport
import Testing
import Views

@Suite struct PretrainingConfigurationTests {
  @Test(arguments: Recipes.names)
  func everyRecipeResolvesAndRoundTrips(name: String) throws {
    let resolved = try ResolvedConfiguration(Recipes.named(name))
    #expect(!resolved.values.summary.isEmpty)
    let again = try ResolvedConfiguration(ConfigurationTree(yaml: resolved.tree.yaml, source: name))
    #expect(again.tree == resolved.tree)
  }

  @Test func publishedNumbersAreInTheRecipes() throws {
    let imagenet = try ResolvedConfiguration(Recipes.named("simsiam-imagenet")).values
    let recipe = try ViewPipeline.find("simsiam-imagenet").groups[0].recipe
    #expect(imagenet.optimizer.baseRate(batchSize: imagenet.training.batchSize) == 0.1)
    #expect(imagenet.optimizer.weightDecay == 1e-4)
    #expect(recipe.blur.probability == 0.5 && recipe.blur.kernelSize == 9)
    #expect(imagenet.backbone.name == .resnet50 && imagenet.backbone.stem == .imagenet)
    let cifar = try ResolvedConfiguration(Recipes.named("simsiam-cifar10")).values
    #expect(cifar.optimizer.learningRate == 0.06 && cifar.optimizer.weightDecay == 5e-4)
    #expect(cifar.training.epochs == 800 && cifar.training.batchSize == 512)
    #expect(try ViewPipeline.find("simsiam-cifar10").groups[0].recipe.blur.probability == 0)
    #expect(cifar.backbone.stem == .cifar)
    #expect(cifar.evaluation.resize == 36 && cifar.evaluation.crop == 32)
  }

  @Test(arguments: [
    ("training.epoch=3", "training.epoch", "Did you mean 'epochs'?"),
    ("training.epochs=many", "training.epochs", "whole number"),
    ("training.batch_size=1", "training.batch_size", "at least 2"),
    ("selection.candidates=1", "selection.candidates", "at least 2"),
    ("selection.policy=hard", "selection.policy", "Did you mean 'hardest'?"),
    ("selection.candidates=100000000", "selection.candidates", "from 0 to 1000"),
    ("selection.drawn=9223372036854775807", "selection.drawn", "from 0 to 1000"),
    ("selection.candidates=-9223372036854775808", "selection.candidates", "from 0 to 1000"),
    ("training.epochs=9223372036854775807", "training.epochs", "at most 1000000000"),
    ("training.batch_size=9223372036854775807", "training.batch_size", "at most 1000000000"),
    ("data.cache_megabytes=9223372036854775807", "data.cache_megabytes", "up to 1000000000"),
    ("data.skipped_share_limit=2", "data.skipped_share_limit", "between 0 and 1"),
    ("method.name=byoll", "method.name", "simsiam"),
    ("method.projector_widht=3", "method.projector_widht", "projector"),
    ("views.crop.scale=[0.9, 0.2]", "views.crop.scale", "0.9"),
    ("device=tpu", "device", "cuda"),
    ("backbone.channels=0", "backbone.channels", "up to 1024"),
    ("data.sixteen_bit_range=[9, 9]", "data.sixteen_bit_range", "smaller first"),
    ("data.background=white", "data.background", "six hexadecimal digits"),
    ("data.key_at=dot", "data.key_at", "last_dot"),
    ("optimizer=3", "optimizer", "found the number 3"),
    ("training.restarts=[3, 2]", "training.restarts", "ascending"),
    ("training.restarts=[0]", "training.restarts", "ascending"),
    ("training.restarts=[100000]", "training.restarts", "training.epochs"),
    ("training.when_extended=stretched", "training.when_extended", "Did you mean 'stretch'?"),
    ("records.checkpoints.keep=0", "records.checkpoints.keep", "at least 1"),
    ("records.checkpoints.every_epochs=0", "records.checkpoints.every_epochs", "at least 1"),
    ("records.checkpoints.every_minutes=-1", "records.checkpoints.every_minutes", "0 (never) or more"),
    ("optimizer.restart_warmup_epochs=-1", "optimizer.restart_warmup_epochs", "0"),
    ("evaluation.crop=-1", "evaluation.crop", "from 0"),
    ("evaluation.resize_ratio=0.5", "evaluation.resize_ratio", "between 1 and 100"),
    ("records.views_of_images=-1", "records.views_of_images", "0 (none) or more"),
  ])
  func mistakesNameTheirPath(assignment: String, path: String, part: String) throws {
    var settings = try Recipes.named("simsiam-small")
    try settings.set(assignment)
    let changed = settings
    let error = #expect(throws: ConfigurationError.self) { try ResolvedConfiguration(changed) }
    #expect(error?.path == path)
    #expect(error?.description.contains(part) == true, "\(error?.description ?? "")")
  }

  /// Everything that makes training impossible is said before it starts.
  @Test(arguments: [
    ("simsiam-small", "selection.candidates=3", "", "", true),
    ("byol-fashion", "training.batch_size=2", "", "", true),
    ("dino-fashion", "selection.scoring.precision=int8", "selection.scoring.precision", "residual networks", false),
    ("simclr-fashion", "training.batch_size=2", "method", "at least 4", false),
    ("vicreg-fashion", "training.batch_size=3", "method", "variances", false),
    ("simclr-fashion", "method.projector_output=0", "method.projector_output", "at least 1", false),
    ("simclr-fashion", "method.temperature=0", "method.temperature", "above 0", false),
    ("byol-fashion", "method.momentum=1.5", "method.momentum", "between 0 and 1", false),
    ("dino-fashion", "selection.local_candidates=2", "selection.local_candidates", "at least as many", false),
    ("dino-fashion", "views.groups.local.size=13", "views.groups.local.size", "try 7", false),
    ("dino-fashion", "evaluation={resize: 30, crop: 30}", "evaluation.crop", "patches of 7", false),
    ("dino-fashion", "backbone.patch_size=5", "views.groups.global.size", "try 25", false),
    ("dino-fashion", "backbone.patch_size=0", "backbone.patch_size", "at least 1", false),
    ("dino-fashion", "backbone.image_size=30", "backbone.image_size", "multiple", false),
    ("dino-fashion", "backbone.width=100", "backbone.width", "multiple of 64", false),
    ("dino-fashion", "selection.candidates=5", "selection.candidates", "multiple of 2", false),
    ("dino-fashion", "selection.policy=softmax", "", "", true),
    ("dino-imagenet", "selection.policy=softmax", "", "", true),
    ("dino-imagenet", "selection={policy: softmax, local_candidates: 30}", "selection.limit", "try 64", false),
    ("ibot-fashion", "backbone={name: resnet18, depth: 0}", "method", "only transformers", false),
    ("ibot-fashion", "method.patch_prototypes=7", "method.patch_prototypes", "shared", false),
    (
      "simsiam-small", "views.groups={global: {count: 2}, local: {count: 4, local: true}}", "views.groups.local",
      "two global", false
    ),
    ("simsiam-small", "views.groups={view: {count: 3}}", "views.groups", "relates two", false),
    ("simsiam-small", "views.groups={local: {local: true}, view: {}}", "views.groups.view", "behind", false),
    ("simsiam-small", "selection.overlap_floor=1", "selection.overlap_floor", "up to 1", false),
    ("simsiam-small", "selection.from=0.9", "", "", true),
    ("simsiam-small", "selection={from: 0.9, until: 0.5}", "selection.from", "before", false),
    ("simsiam-small", "selection.share.start=2", "selection.share.start", "between 0 and 1", false),
    ("byol-fashion", "selection.targets=mean", "", "", true),
    ("byol-fashion", "selection={targets: scored, scoring: {network: teacher}}", "", "", true),
    ("byol-fashion", "selection={targets: mean, policy: none}", "", "", true),
    ("byol-fashion", "selection={targets: mean, policy: all}", "selection.targets", "set it to chosen", false),
    ("byol-fashion", "selection={targets: mean, policy: least_similar}", "selection.targets", "least_similar", false),
    ("byol-fashion", "selection={targets: mean, scoring: {scale: 0.5}}", "selection.targets", "scoring.scale", false),
    ("byol-fashion", "selection={targets: mean, share: {end: 0.5}}", "selection.targets", "share.start", false),
    ("vicreg-fashion", "selection.targets=mean", "selection.targets", "vicreg", false),
    ("ibot-fashion", "selection.targets=scored", "selection.targets", "ibot", false),
    ("simsiam-small", "selection.scoring.network=teacher", "selection.scoring.network", "simsiam", false),
    ("byol-fashion", "selection.scoring.score=learnability", "", "", true),
    ("simsiam-small", "selection.scoring.score=learnability", "selection.scoring.score", "set it to loss", false),
    (
      "byol-fashion", "selection.scoring={score: learnability, network: teacher}", "selection.scoring.score", "student",
      false
    ),
    ("simsiam-small", "selection={policy: quantile, quantile: 1.5}", "selection.quantile", "between 0 and 1", false),
    ("dino-imagenet", "selection={policy: quantile, local_candidates: 30}", "selection.limit", "try 64", false),
    ("simsiam-small", "selection.feature_stage=5", "selection.feature_stage", "0 to 4", false),
    ("simsiam-small", "backbone.channels=4", "views.normalization.mean", "4 channels", false),
    ("simsiam-multichannel-small", "backbone.channels=13", "", "", true),
    ("simsiam-multichannel-small", "views.jitter.hue=0.1", "views.jitter.hue", "set it to 0", false),
    ("simsiam-multichannel-small", "views.grayscale_probability=0.2", "views.grayscale_probability", "0", false),
    ("simsiam-multichannel-small", "views.three_augment=true", "views.three_augment", "false", false),
    ("simsiam-multichannel-small", "views.rand_augment.operations=2", "views.rand_augment.operations", "0", false),
    (
      "simsiam-multichannel-small", "views.normalization.standard_deviation=[0.1, 0.2]",
      "views.normalization.standard_deviation", "has 2", false
    ),
    ("simsiam-small", "backbone.depth=4", "backbone.depth", "must be 0", false),
    ("simsiam-small", "optimizer.clipping.norm=0", "optimizer.clipping.norm", "above 0", false),
    ("simsiam-small", "safety.collapse=explode", "safety.collapse", "warn", false),
  ])
  func settingsThatCannotTrainAreRefused(
    recipe: String, assignment: String, path: String, part: String, isFine: Bool
  ) throws {
    var settings = try Recipes.named(recipe)
    try settings.set(assignment)
    if assignment.contains("={") {
      // A section given whole lies over the recipe's, as one in a file does.
      let (key, value) = (assignment.prefix { $0 != "=" }, assignment.drop { $0 != "=" }.dropFirst())
      let section = try ConfigurationTree(yaml: "\(key): \(value)", source: "test")
      settings = try Recipes.named(recipe).merging(Self.nested(String(key), in: section))
    }
    let changed = settings
    guard !isFine else {
      _ = try ResolvedConfiguration(changed)
      return
    }
    let error = #expect(throws: ConfigurationError.self) { try ResolvedConfiguration(changed) }
    #expect(error?.path == path)
    #expect(error?.description.contains(part) == true, "\(error?.description ?? "")")
  }

  /// `a.b: x` as sections within one another.
  private static func nested(_ path: String, in flat: ConfigurationTree) -> ConfigurationTree {
    guard case .mapping(let entries) = flat, let value = entries.first?.value else { return flat }
    return path.split(separator: ".").reversed().reduce(value) { .mapping([(String($1), $0)]) }
  }

  /// Images are evaluated as large as the views, in the recipe's proportion, unless the sizes are set.
  @Test(arguments: [
    ("simsiam-small", [], 36, 32), ("simsiam-small", ["views.size=64"], 72, 64),
    ("simsiam-small", ["views.size=64", "evaluation.crop=48"], 54, 48),
    ("simsiam-small", ["views.size=64", "evaluation.resize=64"], 64, 64),
    ("simsiam-small", ["views.size=64", "evaluation.resize=36", "evaluation.crop=32"], 36, 32),
    ("simsiam-imagenet", [], 256, 224), ("dino-imagenet", [], 256, 224), ("dino-fashion", [], 28, 28),
    ("byol-cifar10", [], 36, 32),
  ])
  func evaluationFollowsTheViews(recipe: String, assignments: [String], resize: Int, crop: Int) throws {
    var settings = try Recipes.named(recipe)
    for assignment in assignments { try settings.set(assignment) }
    let resolved = try ResolvedConfiguration(settings)
    #expect(resolved.values.evaluation.resize == resize && resolved.values.evaluation.crop == crop)
    #expect(resolved.tree["evaluation.resize"] == .integer(resize))
    #expect(resolved.tree["evaluation.crop"] == .integer(crop))
  }

  /// A run folder of an older version has both sides, and no ratio.
  @Test func writtenSizesOfEvaluationStay() throws {
    let settings = try Recipes.named("simsiam-small").merging(
      ConfigurationTree(yaml: "{views: {size: 64}, evaluation: {resize: 36, crop: 32}}", source: "old"))
    let old = try ResolvedConfiguration(settings)
    #expect(old.values.evaluation.resize == 36 && old.values.evaluation.crop == 32)
    #expect(try ResolvedConfiguration(old.tree).encoder == old.encoder)
    #expect(old.encoder.preprocessing.resize == 36 && old.encoder.preprocessing.crop == 32)
    let tooSmall = #expect(throws: ConfigurationError.self) {
      try ResolvedConfiguration(settings.merging(ConfigurationTree(yaml: "{evaluation: {resize: 20}}", source: "")))
    }
    #expect(tooSmall?.path == "evaluation.crop")
    let parted = #expect(throws: ConfigurationError.self) {
      try ResolvedConfiguration(
        Recipes.named("dino-fashion")
          .merging(ConfigurationTree(yaml: "{evaluation: {crop: 30, resize: 30}}", source: "")))
    }
    #expect(parted?.description.contains("patches of 7") == true)
  }

  @Test func embeddedFilesAreThoseOfTheRepository() throws {
    let sources = Fixtures.committed.deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Sources/HardViewPretraining")
    func files(_ folder: String) throws -> [String: ConfigurationTree] {
      let url = sources.appending(path: folder)
      let names = try FileManager.default.contentsOfDirectory(atPath: url.path)
      return try Dictionary(
        uniqueKeysWithValues: names.map {
          (String($0.dropLast(5)), try ConfigurationTree(contentsOf: url.appending(path: $0).path))
        })
    }
    let recipes = try files("Recipes")
    #expect(recipes.keys.sorted() == Recipes.names && recipes.count > 30)
    for (name, tree) in recipes { #expect(try Recipes.named(name) == tree) }
    #expect(try files("ViewPipelines").keys.sorted() == ViewPipeline.names)
  }

  @Test func unknownRecipeListsTheKnown() {
    let error = #expect(throws: ConfigurationError.self) { try Recipes.named("simsiam-cifar") }
    #expect(error?.description.contains("simsiam-cifar10") == true)
  }
}
