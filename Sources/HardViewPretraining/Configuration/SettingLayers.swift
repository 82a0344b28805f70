import Objectives
import RunConfiguration

/// Settings laid over one another: those of a recipe, of a file, and what a person changes.
public struct SettingLayers: Sendable {
  /// All layers as one.
  public private(set) var settings: ConfigurationTree
  /// What was left out on the way, a sentence each.
  public private(set) var notes: [String] = []

  /// Begins with a recipe that comes with the package.
  /// - Throws: `ConfigurationError` that lists the recipes there are when the name is unknown.
  public init(recipe: String) throws(ConfigurationError) {
    settings = try Recipes.named(recipe)
  }

  /// Begins with a file, laid over a recipe where one is named.
  ///
  /// - Parameters:
  ///   - file: The file's settings; its own key `recipe` may name the recipe.
  ///   - source: The file's name, for errors.
  ///   - recipe: The recipe; nil leaves it to the file.
  /// - Throws: `ConfigurationError` where the recipe is unknown, or another than the file's.
  public init(file: ConfigurationTree, source: String, recipe: String? = nil) throws(ConfigurationError) {
    let own = file.string(at: "recipe")
    if let own, let recipe, own != recipe {
      throw ConfigurationError(
        path: source, problem: .invalid("starts from the recipe \(own), and \(recipe) is asked for; name one of them"))
    }
    if own == nil, let other = file["recipe"], other != .null {
      throw ConfigurationError(path: "recipe", problem: .invalid("must be the name of a recipe"))
    }
    settings = .empty
    if let name = recipe ?? own { settings = try Recipes.named(name) }
    let rest = file.removing("recipe")
    replace(with: settings.merging(rest), changedBy: rest)
  }

  /// Changes some settings.
  ///
  /// - Parameter body: Changes them; called with what there is, and with no settings to see what it changes.
  public mutating func change(_ body: (inout ConfigurationTree) throws -> Void) rethrows {
    var (changed, changes) = (settings, ConfigurationTree.empty)
    try body(&changed)
    try body(&changes)
    replace(with: changed, changedBy: changes)
  }

  /// Another method does not take the settings of the one before.
  private mutating func replace(with changed: ConfigurationTree, changedBy changes: ConfigurationTree) {
    let before = settings["method"] ?? .empty
    settings = changed
    let oldName = before.string(at: "name") ?? SimSiam.name
    guard let section = changes["method"], let name = section.string(at: "name"), name != oldName,
      before.removing("name") != .empty
    else { return }
    settings.set(section, at: "method")
    let recipes = Recipes.names.filter { (try? Recipes.named($0).string(at: "method.name")) == name }
    notes.append(
      "The method is \(name) instead of \(oldName), so the settings that \(oldName) had are left out and \(name) takes "
        + "its defaults." + (recipes.isEmpty ? "" : " Recipes of \(name): \(recipes.joined(separator: ", ")).")
    )
  }
}
