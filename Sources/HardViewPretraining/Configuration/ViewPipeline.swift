import ImageData
import RunConfiguration
import Views

/// How all views of an image are made: one recipe for each group of views that are drawn alike.
///
/// As YAML: `common` holds the keys of a `ViewRecipe` that all groups share; `groups` holds, for each group, `count` and
/// the keys in which it differs.
public struct ViewPipeline: Sendable, Equatable {
  /// Views that are drawn alike.
  public struct Group: Sendable, Equatable {
    /// What the views are, such as `global`.
    public var name: String
    /// How many views plain training draws of each image.
    public var count: Int
    /// How they are drawn.
    public var recipe: ViewRecipe
  }

  /// One line for lists.
  public var summary: String
  /// The groups in the order of the file.
  public var groups: [Group]

  private static let files = NamedFiles(folder: "ViewPipelines", kind: "pipeline")

  /// The names of the pipelines that come with the package, sorted.
  public static var names: [String] { files.names }

  /// A pipeline that comes with the package.
  /// - Throws: `ConfigurationError` that lists the names there are when this one is unknown.
  public static func named(_ name: String) throws(ConfigurationError) -> ViewPipeline {
    try ViewPipeline(files.tree(name))
  }

  /// The pipeline that is meant by the name of a pipeline, the name of a recipe for pretraining, or a YAML file of either
  /// kind.
  /// - Throws: `ConfigurationError` with the names there are, or the mistake in the file.
  ///
  /// - Parameter path: Where the name stands, for errors.
  public static func find(_ name: String, at path: String = "recipe") throws(ConfigurationError) -> ViewPipeline {
    if names.contains(name) { return try named(name) }
    let tree: ConfigurationTree
    if Recipes.names.contains(name) {
      tree = try Recipes.named(name)
    } else if name.hasSuffix(".yaml") || name.hasSuffix(".yml") || name.contains("/") {
      tree = try ConfigurationTree(contentsOf: name)
      if tree["groups"] != nil { return try ViewPipeline(tree) }
    } else {
      throw ConfigurationError(path: path, problem: .unknownValue(name, known: Set(names + Recipes.names).sorted()))
    }
    let values = try ResolvedConfiguration(tree).values
    return ViewPipeline(values.views, count: values.selection.candidates, summary: values.summary)
  }

  /// One group of one recipe, as methods of interchangeable views use.
  public init(_ recipe: ViewRecipe, count: Int, summary: String = "") {
    self.summary = summary
    groups = [Group(name: "view", count: count, recipe: recipe)]
  }

  /// Reads a pipeline.
  /// - Throws: `ConfigurationError` that names the key path, what was wrong and what is known.
  public init(_ tree: ConfigurationTree) throws(ConfigurationError) {
    let file = try ConfigurationTree.decode(File(), overlaying: tree)
    summary = file.summary
    guard case .mapping(let sections) = file.groups, !sections.isEmpty else {
      throw ConfigurationError(
        path: "groups", problem: .invalid("must be a section with at least one group, such as 'view: {count: 2}'"))
    }
    groups = []
    let common = try ConfigurationTree.decode(ViewRecipe(), overlaying: file.common, at: "common")
    for (name, section) in sections {
      let count = try ConfigurationTree.decode(
        Count(), overlaying: section["count"].map { .mapping([("count", $0)]) } ?? .empty, at: "groups.\(name)")
      guard (1...1000).contains(count.count) else {
        throw ConfigurationError(
          path: "groups.\(name).count", problem: .invalid("must be between 1 and 1000, not \(count.count)"))
      }
      let recipe = try ConfigurationTree.decode(
        common, overlaying: section.removing("count"), at: "groups.\(name)")
      do {
        try recipe.validate(at: "groups.\(name)")
      } catch {
        throw ConfigurationError(path: error.keyPath, problem: .invalid(error.problem))
      }
      groups.append(Group(name: name, count: count.count, recipe: recipe))
    }
  }

  /// The file's own keys.
  private struct File: Codable {
    var summary = ""
    var common = ConfigurationTree.empty
    var groups = ConfigurationTree.empty
  }

  private struct Count: Codable {
    var count = 1
  }

  /// The pipeline as a tree with every key of every group written out.
  public var tree: ConfigurationTree {
    get throws(ConfigurationError) {
      var sections: [(key: String, value: ConfigurationTree)] = []
      for group in groups {
        let recipe = try ConfigurationTree(encoding: group.recipe)
        sections.append((group.name, .mapping([("count", .integer(group.count))]).merging(recipe)))
      }
      return .mapping([("summary", .string(summary)), ("groups", .mapping(sections))])
    }
  }
}
