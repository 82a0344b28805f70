import RunConfiguration

/// The configurations that come with the package.
public enum Recipes {
  private static let files = NamedFiles(texts: EmbeddedFiles.recipes, kind: "recipe")

  /// The names, sorted.
  public static var names: [String] { files.names }

  /// The settings of a recipe, to be changed or resolved.
  /// - Throws: `ConfigurationError` that lists the recipes there are when the name is unknown.
  public static func named(_ name: String) throws(ConfigurationError) -> ConfigurationTree { try files.tree(name) }
}
