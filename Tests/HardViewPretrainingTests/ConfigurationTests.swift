import HardViewPretraining
import NeuralNetworks
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
    ("device=cuda", "device", "cpu"),
    ("backbone.channels=2", "backbone.channels", "1 (grey) or 3"),
    ("optimizer=3", "optimizer", "found the number 3"),
  ])
  func mistakesNameTheirPath(assignment: String, path: String, part: String) throws {
    var settings = try Recipes.named("simsiam-small")
    try settings.set(assignment)
    let changed = settings
    let error = #expect(throws: ConfigurationError.self) { try ResolvedConfiguration(changed) }
    #expect(error?.path == path)
    #expect(error?.description.contains(part) == true, "\(error?.description ?? "")")
  }

  @Test func unknownRecipeListsTheKnown() {
    let error = #expect(throws: ConfigurationError.self) { try Recipes.named("simsiam-cifar") }
    #expect(error?.description.contains("simsiam-cifar10") == true)
  }
}
