import HardViewSelection
import ImageData
import Objectives
import RunConfiguration
import RunRecords
import Views

/// How all views of an image are made: one recipe for each group of views that are drawn alike.
///
/// As a YAML file: `common` holds the keys of a `ViewRecipe` that all groups share; `groups` holds, for each group,
/// `count`, `local` and the keys in which it differs. In the `views` section of a configuration the common keys stand
/// beside `groups`, and `pipeline` may name what all of them are laid over.
public struct ViewPipeline: Sendable, Equatable {
  /// Views that are drawn alike.
  public struct Group: Sendable, Equatable {
    /// The group's name, such as `global`.
    public var name: String
    /// How many views plain training draws of each image.
    public var count: Int
    /// Whether they are small crops that no target is made of; such groups come last.
    public var isLocal: Bool
    /// How they are drawn.
    public var recipe: ViewRecipe
    /// The settings of the recipe's own operations.
    var operations = ConfigurationTree.empty
  }

  /// One line for lists.
  public var summary: String
  /// The groups in the order of the file.
  public var groups: [Group]

  private static let files = NamedFiles(texts: EmbeddedFiles.viewPipelines, kind: "pipeline")

  /// The names of the pipelines that come with the package, sorted.
  public static var names: [String] { files.names }

  /// A pipeline that comes with the package.
  /// - Throws: `ConfigurationError` that lists the names there are when this one is unknown.
  public static func named(
    _ name: String, components: Components = .standard
  ) throws(ConfigurationError) -> ViewPipeline {
    try ViewPipeline(files.tree(name), components: components)
  }

  /// The pipeline that is meant by the name of a pipeline, the name of a recipe for pretraining, a YAML file of either
  /// kind, or a run folder; of a recipe or run with as many views as its selection draws.
  /// - Throws: `ConfigurationError` with the names there are, or the mistake in the file.
  public static func find(
    _ name: String, components: Components = .standard
  ) throws(ConfigurationError) -> ViewPipeline {
    if names.contains(name) { return try named(name, components: components) }
    let tree: ConfigurationTree
    if Recipes.names.contains(name) {
      tree = try Recipes.named(name)
    } else if let run = try? RunDirectory.open(at: name) {
      tree = try ConfigurationTree(contentsOf: run.configurationPath)
    } else if isFile(name) {
      let file = try ConfigurationTree(contentsOf: name)
      if file["groups"] != nil { return try ViewPipeline(file, components: components) }
      tree = try SettingLayers(file: file, source: name).settings
    } else {
      throw ConfigurationError(path: "recipe", problem: .unknownValue(name, known: Set(names + Recipes.names).sorted()))
    }
    let resolved = try ResolvedConfiguration(tree, components: components)
    var pipeline = resolved.views
    pipeline.summary = resolved.values.summary
    for (index, size) in resolved.values.selection.poolSizes(for: pipeline.plan).enumerated() {
      pipeline.groups[index].count = size
    }
    return pipeline
  }

  private static func isFile(_ name: String) -> Bool {
    name.hasSuffix(".yaml") || name.hasSuffix(".yml") || name.contains("/")
  }

  /// Reads a pipeline.
  /// - Throws: `ConfigurationError` that names the key path, what was wrong and what is known.
  public init(_ tree: ConfigurationTree, components: Components = .standard) throws(ConfigurationError) {
    let file = try ConfigurationTree.decode(File(), overlaying: tree)
    summary = file.summary
    groups = try Self.groups(file.groups, common: file.common, at: "", commonPath: "common", components)
  }

  /// Reads the `views` section of a configuration.
  /// - Throws: `ConfigurationError` that names the key path, what was wrong and what is known.
  init(section: ConfigurationTree, components: Components = .standard) throws(ConfigurationError) {
    summary = ""
    var base = File()
    if let name = section.string(at: "pipeline") {
      guard Self.names.contains(name) || Self.isFile(name) else {
        throw ConfigurationError(path: "views.pipeline", problem: .unknownValue(name, known: Self.names))
      }
      let tree = Self.names.contains(name) ? try Self.files.tree(name) : try ConfigurationTree(contentsOf: name)
      base = try ConfigurationTree.decode(File(), overlaying: tree)
    } else if section["groups"] == nil {
      base.groups = .mapping([("view", .mapping([("count", .integer(2))]))])
    }
    groups = try Self.groups(
      base.groups.merging(section["groups"] ?? .empty),
      common: base.common.merging(section.removing("pipeline").removing("groups")), at: "views.", commonPath: "views",
      components)
  }

  private static func groups(
    _ sections: ConfigurationTree, common: ConfigurationTree, at prefix: String, commonPath: String,
    _ components: Components
  ) throws(ConfigurationError) -> [Group] {
    guard case .mapping(let sections) = sections, !sections.isEmpty else {
      throw ConfigurationError(
        path: prefix + "groups",
        problem: .invalid("must be a section with at least one group, such as 'view: {count: 2}'"))
    }
    let commonOperations = common["operations"] ?? .empty
    _ = try commonOperations.componentEntries(at: "\(commonPath).operations")
    let common = try ConfigurationTree.decode(
      ViewRecipe(), overlaying: common.removing("operations"), at: commonPath)
    try check(common, at: commonPath)
    var groups: [Group] = []
    for (name, section) in sections {
      let path = "\(prefix)groups.\(name)"
      let members = try ConfigurationTree.decode(
        Members(), overlaying: section.keeping(["count", "local"]), at: path)
      guard (1...1000).contains(members.count) else {
        throw ConfigurationError(
          path: "\(path).count", problem: .invalid("must be between 1 and 1000, not \(members.count)"))
      }
      guard members.local || groups.last?.isLocal != true else {
        throw ConfigurationError(path: path, problem: .invalid("is a group of global views behind one of local views"))
      }
      var recipe = try ConfigurationTree.decode(
        common, overlaying: section.removing("count").removing("local").removing("operations"), at: path)
      try check(recipe, at: path)
      let operations: ConfigurationTree
      (recipe.operations, operations) = try components.viewOperations(
        from: commonOperations.merging(section["operations"] ?? .empty),
        at: section["operations"] == nil ? "\(commonPath).operations" : "\(path).operations")
      groups.append(
        Group(name: name, count: members.count, isLocal: members.local, recipe: recipe, operations: operations))
    }
    return groups
  }

  private static func check(_ recipe: ViewRecipe, at path: String) throws(ConfigurationError) {
    do {
      try recipe.validate(at: path)
    } catch {
      throw ConfigurationError(path: error.keyPath, problem: .invalid(error.problem))
    }
  }

  /// The file's own keys.
  private struct File: Codable {
    var summary = ""
    var common = ConfigurationTree.empty
    var groups = ConfigurationTree.empty
  }

  private struct Members: Codable {
    var count = 1
    var local = false
  }

  /// The side of the largest global view, in pixels.
  public var globalSize: Int { groups.filter { !$0.isLocal }.map(\.recipe.size).max() ?? groups[0].recipe.size }

  /// Which views a loss is to consume.
  public var plan: ViewPlan { ViewPlan(groups.map { ViewGroup($0.name, used: $0.count, isLocal: $0.isLocal) }) }

  /// The pipeline as a tree with every key of every group written out.
  public var tree: ConfigurationTree {
    get throws(ConfigurationError) { .mapping([("summary", .string(summary)), ("groups", try sections(full: true))]) }
  }

  /// The pipeline as a `views` section; a single group's keys stand beside `groups`.
  var section: ConfigurationTree {
    get throws(ConfigurationError) {
      guard groups.count == 1 else { return .mapping([("groups", try sections(full: true))]) }
      return try Self.keys(of: groups[0]).merging(.mapping([("groups", try sections(full: false))]))
    }
  }

  /// Every key of a group's recipe, its own operations where there are some.
  private static func keys(of group: Group) throws(ConfigurationError) -> ConfigurationTree {
    let keys = try ConfigurationTree(encoding: group.recipe)
    return group.operations == .empty ? keys : keys.merging(.mapping([("operations", group.operations)]))
  }

  private func sections(full: Bool) throws(ConfigurationError) -> ConfigurationTree {
    var sections: [(key: String, value: ConfigurationTree)] = []
    for group in groups {
      let members = try ConfigurationTree(encoding: Members(count: group.count, local: group.isLocal))
      sections.append((group.name, full ? members.merging(try Self.keys(of: group)) : members))
    }
    return .mapping(sections)
  }
}
