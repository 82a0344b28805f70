import ArgumentParser
import HardViewPretraining
import RunConfiguration

/// A recipe, a file, or a file laid over a recipe, with the flags laid over it.
struct ChosenConfiguration: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      "A YAML file that is laid over --recipe, or over the recipe that its key `recipe` names.",
      valueName: "config.yaml"))
  var file: String?

  @Option(help: "A recipe to start from; see `hardviews recipes`.")
  var recipe: String?

  @Option(
    help: "Images: a folder of JPEG, PNG, WebP, TIFF, GIF or BMP files, tar shards, a packed file, IDX or CIFAR files.")
  var data: String?

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp("Change one key; may be repeated.", valueName: "key.path=value"))
  var assignments: [String] = []

  @Option(help: "Decides initial weights, order and views.")
  var seed: Int?

  @Option(help: "Where to compute: cpu or cuda.")
  var device: DeviceChoice?

  /// Throws unless there is a file or a recipe.
  func check() throws {
    if file == nil && recipe == nil {
      throw ValidationError("Name a configuration file, or a recipe with --recipe (see `hardviews recipes`).")
    }
  }

  /// Recipe, file and flags laid over one another, checked.
  func resolved() throws -> ResolvedConfiguration {
    try ResolvedConfiguration(settings(), components: HardViewsProgram.components)
  }

  /// Recipe, file and flags laid over one another; says what was left out on the way.
  func settings() throws -> ConfigurationTree {
    var layers: SettingLayers
    if let file {
      layers = try SettingLayers(file: ConfigurationTree(contentsOf: file), source: file, recipe: recipe)
    } else {
      layers = try SettingLayers(recipe: recipe ?? "")
    }
    try layers.change(change)
    for note in layers.notes { remark(note) }
    guard layers.settings["backbone.name"] != nil else {
      throw ConfigurationError(
        path: file ?? "backbone.name",
        problem: .invalid(
          "names neither a recipe nor a backbone to start from. Lay it over a recipe (--recipe simsiam-small, or the "
            + "line 'recipe: simsiam-small' in the file), or give it 'backbone: {name: resnet50}' to start from the "
            + "defaults"))
    }
    return layers.settings
  }

  /// Lays the flags over settings.
  func change(_ settings: inout ConfigurationTree) throws {
    for assignment in assignments { try settings.set(assignment) }
    if let data { settings.set(.string(data), at: "data.path") }
    if let seed { settings.set(.integer(seed), at: "seed") }
    if let device { settings.set(.string(device.rawValue), at: "device") }
  }
}
