import ArgumentParser
import HardViewPretraining
import RunConfiguration

/// A configuration file or recipe with the flags that are laid over it.
struct ChosenConfiguration: ParsableArguments {
  @Argument(help: ArgumentHelp("A YAML file that is laid over the defaults.", valueName: "config.yaml"))
  var file: String?

  @Option(help: "A recipe to start from; see `hardviews recipes`.")
  var recipe: String?

  @Option(help: "Images: a folder of JPEG, PNG and WebP files, tar shards, a packed file, IDX or CIFAR files.")
  var data: String?

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp("Change one key; may be repeated.", valueName: "key.path=value"))
  var assignments: [String] = []

  @Option(help: "Decides initial weights, order and views.")
  var seed: Int?

  @Option(help: "Where to compute: cpu or cuda.")
  var device: DeviceChoice?

  /// Throws unless there is either a file or a recipe.
  func check() throws {
    if file == nil && recipe == nil {
      throw ValidationError("Name a configuration file, or a recipe with --recipe (see `hardviews recipes`).")
    }
    if file != nil && recipe != nil {
      throw ValidationError("Give either a configuration file or --recipe, not both.")
    }
  }

  /// The file or recipe with the flags laid over it, checked.
  func resolved() throws -> ResolvedConfiguration {
    try ResolvedConfiguration(settings(), components: HardViewsProgram.components)
  }

  /// The file or recipe with the flags laid over it.
  func settings() throws -> ConfigurationTree {
    var settings: ConfigurationTree
    if let recipe {
      settings = try Recipes.named(recipe)
    } else {
      settings = try ConfigurationTree(contentsOf: file ?? "")
    }
    try change(&settings)
    return settings
  }

  /// Lays the flags over settings.
  func change(_ settings: inout ConfigurationTree) throws {
    for assignment in assignments { try settings.set(assignment) }
    if let data { settings.set(.string(data), at: "data.path") }
    if let seed { settings.set(.integer(seed), at: "seed") }
    if let device { settings.set(.string(device.rawValue), at: "device") }
  }
}
