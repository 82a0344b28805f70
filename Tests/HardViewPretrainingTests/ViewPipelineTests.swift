import HardViewPretraining
import HardViewSelection
import Objectives
import RunConfiguration
import Testing
import Views

@Suite struct ViewPipelineTests {
  @Test(arguments: ViewPipeline.names) func everyPipelineReadsAndRoundTrips(name: String) throws {
    let pipeline = try ViewPipeline.named(name)
    #expect(!pipeline.summary.isEmpty)
    #expect(try ViewPipeline(pipeline.tree) == pipeline)
  }

  /// The table of published view parameters.
  @Test func publishedNumbers() throws {
    let dino = try ViewPipeline.named("dino").groups
    #expect(dino.map(\.name) == ["global", "global_solarized", "local"])
    #expect(dino.map(\.count) == [1, 1, 8])
    #expect(dino.map(\.recipe.size) == [224, 224, 96])
    #expect(dino.map(\.recipe.blur.probability) == [1, 0.1, 0.5])
    #expect(dino.map(\.recipe.solarize.probability) == [0, 0.2, 0])
    #expect(dino.map(\.recipe.crop.scale) == [[0.4, 1], [0.4, 1], [0.05, 0.4]])
    #expect(dino.allSatisfy { $0.recipe.crop.interpolation == .bicubic && $0.recipe.jitter.saturation == 0.2 })
    let simclr = try ViewPipeline.named("simclr").groups[0].recipe
    #expect(simclr.blur.kernelSize == 23 && simclr.jitter.hue == 0.2 && simclr.crop.scale == [0.08, 1])
    let barlow = try ViewPipeline.named("barlow-twins").groups
    #expect(barlow.map(\.recipe.blur.kind) == [.pil, .pil])
    let simsiam = try ViewPipeline.named("simsiam").groups[0].recipe
    #expect(simsiam == (try ResolvedConfiguration(Recipes.named("simsiam-imagenet"))).views.groups[0].recipe)
  }

  @Test func aRunMayNameItsPipeline() throws {
    var settings = try Recipes.named("simsiam-small")
    settings.set(.string("three-augment"), at: "views.pipeline")
    let views = try ResolvedConfiguration(settings).views.groups[0].recipe
    var expected = try ViewPipeline.named("three-augment").groups[0].recipe
    // What the recipe itself says about views stays.
    let own = try ResolvedConfiguration(Recipes.named("simsiam-small")).views.groups[0].recipe
    (expected.size, expected.crop.scale, expected.jitter) = (own.size, own.crop.scale, own.jitter)
    (expected.grayscaleProbability, expected.blur.probability) = (own.grayscaleProbability, own.blur.probability)
    #expect(views == expected)

    settings.set(.string("dino"), at: "views.pipeline")
    let many = settings
    let error = #expect(throws: ConfigurationError.self) { try ResolvedConfiguration(many) }
    #expect(error?.path == "views.groups.local" && error?.description.contains("two global") == true)
    settings.set(.string("dinosaur"), at: "views.pipeline")
    let unknown = settings
    #expect(throws: ConfigurationError.self) { try ResolvedConfiguration(unknown) }
  }

  @Test(arguments: [
    ("groups: {}", "groups", "at least one group"),
    ("groups: {view: {count: 0}}", "groups.view.count", "between 1 and 1000"),
    ("groups: {view: {sice: 3}}", "groups.view.sice", "size"),
    ("common: {blurr: {}}\ngroups: {view: {}}", "common.blurr", "blur"),
    ("groups: {local: {crop: {scale: [0.5, 0.1]}}}", "groups.local.crop.scale", "smallest"),
    ("views: {}", "views", "groups"),
  ])
  func mistakesNameTheirPath(yaml: String, path: String, part: String) throws {
    let tree = try ConfigurationTree(yaml: yaml, source: "my.yaml")
    let error = #expect(throws: ConfigurationError.self) { try ViewPipeline(tree) }
    #expect(error?.path == path)
    #expect(error?.description.contains(part) == true, "\(error?.description ?? "")")
  }
}
