import Foundation
import HardViewPretraining
import RunConfiguration

/// The keys of a study file, typed and with every name checked; settings are yet to be resolved.
struct StudyFile {
  /// A name with what is laid over the study's settings.
  struct Entry {
    var name: String
    var recipe = ""
    var settings = ConfigurationTree.empty
    var asLongAs = ""
    var isUntrained = false
    var labelled = ""
  }

  let summary: String
  let sets: [Entry]
  let methods: [Entry]
  let arms: [Entry]
  let reference: String
  let seeds: [Int]
  let protocols: [StudyProtocol]
  let measures: [String]
  let atOnce: Int
  let spread: [String: Double]
  let tree: ConfigurationTree
  private let recipe: String
  private let settings: ConfigurationTree

  /// The file's own keys.
  private struct Keys: Codable {
    var summary = ""
    var recipe = ""
    var settings = ConfigurationTree.empty
    var data = ConfigurationTree.empty
    var methods = ConfigurationTree.empty
    var arms = ConfigurationTree.empty
    var reference = ""
    var seeds = ConfigurationTree.integer(6)
    var protocols = ConfigurationTree.list([.string("knn"), .string("linear")])
    var measures: [String] = []
    var spread = ConfigurationTree.empty
    var atOnce = 0
  }

  private struct SetKeys: Codable {
    var path = ""
    var labelled = ""
    var format = "automatic"
    var limit = 0
    var recipe = ""
    var settings = ConfigurationTree.empty
  }

  private struct MethodKeys: Codable {
    var recipe = ""
    var settings = ConfigurationTree.empty
  }

  private struct ArmKeys: Codable {
    var recipe = ""
    var settings = ConfigurationTree.empty
    var like = ""
    var asLongAs = ""
    var untrained = false
  }

  init(_ tree: ConfigurationTree) throws(ConfigurationError) {
    let tree = try Self.withAbsolutePaths(tree)
    self.tree = tree
    let keys = try ConfigurationTree.decode(Keys(), overlaying: tree)
    (summary, recipe, settings) = (keys.summary, keys.recipe, keys.settings)
    try Self.refuse("seed", in: settings, at: "settings")
    guard keys.atOnce >= 0 else {
      throw ConfigurationError(
        path: "at_once", problem: .invalid("must be 0 (as the machine allows) or more, not \(keys.atOnce)"))
    }
    atOnce = keys.atOnce
    measures = keys.measures
    let sets = try Self.entries(keys.data, at: "data") { (name, section, path) throws(ConfigurationError) in
      let keys = try ConfigurationTree.decode(SetKeys(), overlaying: section, at: path)
      var settings = keys.settings
      if !keys.path.isEmpty { settings.set(.string(keys.path), at: "data.path") }
      if section["format"] != nil { settings.set(.string(keys.format), at: "data.format") }
      if section["limit"] != nil { settings.set(.integer(keys.limit), at: "data.limit") }
      return Entry(name: name, recipe: keys.recipe, settings: settings, labelled: keys.labelled)
    }
    // Without a section the recipe's own images are the one set.
    self.sets = sets.isEmpty ? [Entry(name: "images")] : sets
    let methods = try Self.entries(keys.methods, at: "methods") { (name, section, path) throws(ConfigurationError) in
      let keys = try ConfigurationTree.decode(MethodKeys(), overlaying: section, at: path)
      return Entry(name: name, recipe: keys.recipe, settings: keys.settings)
    }
    self.methods = methods.isEmpty ? [Entry(name: "")] : methods
    arms = try Self.arms(keys.arms)
    let names = arms.map(\.name)
    guard names.contains(keys.reference) else {
      throw ConfigurationError(
        path: "reference",
        problem: keys.reference.isEmpty
          ? .invalid("must name the arm that the others are compared with: \(names.joined(separator: ", "))")
          : .unknownValue(keys.reference, known: names))
    }
    reference = keys.reference
    seeds = try Self.seeds(keys.seeds)
    protocols = try Self.protocols(keys.protocols)
    spread = try ConfigurationTree.decodeNumbers(keys.spread, at: "spread")
  }

  /// The recipe that an arm starts from on an image set with a method; empty for none.
  func recipe(of arm: Entry, on set: Entry, with method: Entry) -> String {
    [arm.recipe, method.recipe, set.recipe, recipe].first { !$0.isEmpty } ?? ""
  }

  /// The settings of an arm on an image set with a method.
  func configuration(
    of arm: Entry, on set: Entry, with method: Entry, components: Components
  ) throws(ConfigurationError) -> ResolvedConfiguration {
    let place = "arms.\(arm.name)"
    let recipe = recipe(of: arm, on: set, with: method)
    guard
      !recipe.isEmpty
        || [settings, set.settings, method.settings, arm.settings].contains(where: {
          $0["backbone.name"] != nil
        })
    else {
      throw ConfigurationError(
        path: place,
        problem: .invalid(
          "has no recipe to start from; name one with the key 'recipe', for the study, a method, a set or the arm"))
    }
    do {
      var layers =
        try recipe.isEmpty
        ? SettingLayers(file: .empty, source: "study") : SettingLayers(recipe: recipe)
      for layer in [settings, method.settings, set.settings, arm.settings] {
        layers.change { $0 = $0.merging(layer) }
      }
      return try ResolvedConfiguration(layers.settings, components: components)
    } catch {
      let condition = Study.Condition(set: set.name, method: method.name)
      throw ConfigurationError(path: "\(place) (\(condition.name)), \(error.path)", problem: error.problem)
    }
  }

  // MARK: - Parts

  private static func arms(_ section: ConfigurationTree) throws(ConfigurationError) -> [Entry] {
    var done: [Entry] = []
    let arms = try entries(section, at: "arms") { (name, section, path) throws(ConfigurationError) in
      let keys = try ConfigurationTree.decode(ArmKeys(), overlaying: section, at: path)
      var arm = Entry(
        name: name, recipe: keys.recipe, settings: keys.settings, asLongAs: keys.asLongAs,
        isUntrained: keys.untrained)
      if !keys.like.isEmpty {
        guard let model = done.first(where: { $0.name == keys.like }) else {
          throw ConfigurationError(
            path: "\(path).like",
            problem: .invalid("must be the name of an arm above: \(done.map(\.name).joined(separator: ", "))"))
        }
        if arm.recipe.isEmpty { arm.recipe = model.recipe }
        arm.settings = model.settings.merging(arm.settings)
      }
      done.append(arm)
      return arm
    }
    guard arms.count > 1 else {
      throw ConfigurationError(
        path: "arms", problem: .invalid("must name at least two arms, such as 'hard: {settings: {…}}'"))
    }
    for arm in arms where !arm.asLongAs.isEmpty {
      let path = "arms.\(arm.name).as_long_as"
      let others = arms.filter { $0.asLongAs.isEmpty && !$0.isUntrained }.map(\.name)
      guard others.contains(arm.asLongAs) else {
        throw ConfigurationError(path: path, problem: .unknownValue(arm.asLongAs, known: others))
      }
      guard !arm.isUntrained else {
        throw ConfigurationError(path: path, problem: .invalid("has no use for an arm that is untrained"))
      }
    }
    return arms
  }

  /// The entries of a section whose keys are names.
  private static func entries(
    _ section: ConfigurationTree, at path: String,
    _ entry: (String, ConfigurationTree, String) throws(ConfigurationError) -> Entry
  ) throws(ConfigurationError) -> [Entry] {
    guard case .mapping(let sections) = section else {
      throw ConfigurationError(path: path, problem: .invalid("must be a section of names, each with a section"))
    }
    var entries: [Entry] = []
    for (name, section) in sections {
      guard name.wholeMatch(of: /[A-Za-z0-9][A-Za-z0-9_-]*/) != nil else {
        throw ConfigurationError(
          path: path,
          problem: .invalid("holds the name '\(name)', which names a folder: use letters, digits, - and _ alone"))
      }
      let place = "\(path).\(name)"
      let made = try entry(name, section == .null ? .empty : section, place)
      try refuse("seed", in: made.settings, at: "\(place).settings")
      entries.append(made)
    }
    return entries
  }

  /// Seeds are the study's.
  private static func refuse(
    _ key: String, in settings: ConfigurationTree, at path: String
  ) throws(ConfigurationError) {
    guard settings[key] == nil else {
      throw ConfigurationError(
        path: "\(path).\(key)",
        problem: .invalid("is the study's: every arm is trained with the same ones, which the key 'seeds' names"))
    }
  }

  private static func seeds(_ value: ConfigurationTree) throws(ConfigurationError) -> [Int] {
    let seeds: [Int?]
    switch value {
    case .integer(let count): seeds = count < 1 ? [nil] : (0..<count).map { $0 }
    case .list(let values): seeds = values.map { if case .integer(let seed) = $0 { seed } else { nil } }
    default: seeds = [nil]
    }
    let known = seeds.compactMap { $0 }
    guard known.count == seeds.count, !known.isEmpty, Set(known).count == known.count else {
      throw ConfigurationError(
        path: "seeds", problem: .invalid("must be how many, such as 8, or a list of different ones, such as [0, 1, 2]"))
    }
    return known
  }

  private static func protocols(_ value: ConfigurationTree) throws(ConfigurationError) -> [StudyProtocol] {
    let entries: [(key: String, value: ConfigurationTree)]
    switch value {
    case .mapping(let sections): entries = sections
    case .list(let names):
      entries = names.map { name in if case .string(let name) = name { (name, .empty) } else { ("", .empty) } }
    default: entries = []
    }
    guard !entries.isEmpty else {
      throw ConfigurationError(path: "protocols", problem: .invalid("must name at least one, such as [knn, linear]"))
    }
    var protocols: [StudyProtocol] = []
    for (name, section) in entries {
      let chosen = StudyProtocol(name: name, settings: section == .null || section == .empty ? "" : section.yaml)
      _ = try chosen.resolved()
      protocols.append(chosen)
    }
    return protocols
  }

  /// Paths of images as they are from any folder, where there is something here.
  private static func withAbsolutePaths(_ tree: ConfigurationTree) throws(ConfigurationError) -> ConfigurationTree {
    var tree = tree
    guard case .mapping(let sets) = tree["data"] ?? .empty else { return tree }
    for key in sets.flatMap({ ["data.\($0.key).path", "data.\($0.key).labelled"] }) {
      let path = ((tree.string(at: key) ?? "") as NSString).expandingTildeInPath
      guard !path.isEmpty, FileManager.default.fileExists(atPath: path) else { continue }
      tree.set(.string(URL(filePath: path).standardizedFileURL.path(percentEncoded: false)), at: key)
    }
    return tree
  }
}

extension ConfigurationTree {
  /// A section of numbers by name.
  fileprivate static func decodeNumbers(
    _ section: ConfigurationTree, at path: String
  ) throws(ConfigurationError) -> [String: Double] {
    var numbers: [String: Double] = [:]
    guard case .mapping(let entries) = section else {
      throw ConfigurationError(path: path, problem: .invalid("must be a section of numbers, such as '20-NN: 1.1'"))
    }
    for (name, value) in entries {
      switch value {
      case .integer(let number) where number > 0: numbers[name] = Double(number)
      case .number(let number) where number > 0 && number.isFinite: numbers[name] = number
      default: throw ConfigurationError(path: "\(path).\(name)", problem: .invalid("must be a number above 0"))
      }
    }
    return numbers
  }
}
