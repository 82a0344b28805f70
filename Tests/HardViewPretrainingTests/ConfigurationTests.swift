import HardViewPretraining
import HardViewSelection
import NeuralNetworks
import Objectives
import Optimization
import RunConfiguration
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
    ("selection.policy=hard", "selection.policy", "hardest"),
    ("method.name=byoll", "method.name", "simsiam"),
    ("method.projector_widht=3", "method.projector_widht", "projector"),
    ("views.crop.scale=[0.9, 0.2]", "views.crop.scale", "0.9"),
    ("device=tpu", "device", "cuda"),
    ("backbone.channels=2", "backbone.channels", "1 (gray) or 3"),
    ("optimizer=3", "optimizer", "found the number 3"),
    ("training.restarts=[3, 2]", "training.restarts", "ascending"),
    ("training.restarts=[0]", "training.restarts", "ascending"),
    ("training.restarts=[100000]", "training.restarts", "training.epochs"),
    ("training.when_extended=stretched", "training.when_extended", "Did you mean 'stretch'?"),
    ("records.checkpoints.keep=0", "records.checkpoints.keep", "at least 1"),
    ("records.checkpoints.every_epochs=0", "records.checkpoints.every_epochs", "at least 1"),
    ("records.checkpoints.every_minutes=-1", "records.checkpoints.every_minutes", "0 (never) or more"),
    ("optimizer.restart_warmup_epochs=-1", "optimizer.restart_warmup_epochs", "0"),
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
    ("simsiam-small", "selection.feature_stage=5", "selection.feature_stage", "0 to 4", false),
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

  @Test func unknownRecipeListsTheKnown() {
    let error = #expect(throws: ConfigurationError.self) { try Recipes.named("simsiam-cifar") }
    #expect(error?.description.contains("simsiam-cifar10") == true)
  }
}
