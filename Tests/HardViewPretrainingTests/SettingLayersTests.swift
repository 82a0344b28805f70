import HardViewPretraining
import NeuralNetworks
import Objectives
import RunConfiguration
import TestSupport
import Testing

@Suite struct SettingLayersTests {
  private func tree(_ yaml: String) throws -> ConfigurationTree { try ConfigurationTree(yaml: yaml, source: "test") }

  /// Later layers win, key by key, whether the recipe is named in the file or beside it.
  @Test func aFileLiesOverARecipe() throws {
    let file = try tree("{views: {size: 48}, training: {epochs: 7}}")
    let layers = try SettingLayers(file: file, source: "my.yaml", recipe: "simsiam-small")
    let resolved = try ResolvedConfiguration(layers.settings)
    #expect(resolved.views.globalSize == 48 && resolved.values.training.epochs == 7)
    #expect(resolved.values.training.batchSize == 256 && resolved.values.backbone.width == 16)
    #expect(layers.notes.isEmpty)
    let named = try tree("{recipe: simsiam-small, views: {size: 48}, training: {epochs: 7}}")
    #expect(try SettingLayers(file: named, source: "my.yaml").settings == layers.settings)
    #expect(
      try SettingLayers(file: named, source: "my.yaml", recipe: "simsiam-small").settings == layers.settings)
    var changed = layers
    try changed.change { try $0.set("training.epochs=9") }
    #expect(changed.settings["training.epochs"] == .integer(9) && changed.settings["views.size"] == .integer(48))
  }

  @Test func recipesThatContradictOrAreUnknownAreRefused() throws {
    let file = try tree("{recipe: dino-small}")
    let both = #expect(throws: ConfigurationError.self) {
      try SettingLayers(file: file, source: "my.yaml", recipe: "simsiam-small")
    }
    #expect(both?.description.contains("my.yaml: starts from the recipe dino-small") == true)
    let unknown = try tree("{recipe: dino-smal}")
    let error = #expect(throws: ConfigurationError.self) { try SettingLayers(file: unknown, source: "my.yaml") }
    #expect(error?.description.contains("Did you mean 'dino-small'?") == true)
    let list = try tree("{recipe: [dino-small]}")
    #expect(throws: ConfigurationError.self) { try SettingLayers(file: list, source: "my.yaml") }
  }

  /// Nobody hears of keys that only the recipe had; settings of the new method that were given stay, in any order.
  @Test(arguments: [
    ["method.name=simclr", "method.temperature=0.5"], ["method.temperature=0.5", "method.name=simclr"],
  ])
  func anotherMethodTakesItsOwnDefaults(assignments: [String]) throws {
    var layers = try SettingLayers(recipe: "simsiam-small")
    try layers.change { settings in for assignment in assignments { try settings.set(assignment) } }
    let resolved = try ResolvedConfiguration(layers.settings)
    let expected = try tree("{name: simclr, temperature: 0.5}")
    #expect(layers.settings["method"] == expected)
    #expect(resolved.method.name == "simclr")
    #expect(layers.notes.count == 1 && layers.notes[0].contains("simclr-small"))

    let file = try tree("{recipe: byol-small, method: {name: simclr}}")
    let fromFile = try SettingLayers(file: file, source: "my.yaml")
    #expect(fromFile.settings["method"] == .mapping([("name", .string("simclr"))]) && fromFile.notes.count == 1)
  }

  @Test func theSameMethodKeepsTheRecipesSettings() throws {
    var layers = try SettingLayers(recipe: "simsiam-small")
    try layers.change { try $0.set("method.name=simsiam") }
    #expect(try layers.settings == Recipes.named("simsiam-small") && layers.notes.isEmpty)
  }
}
