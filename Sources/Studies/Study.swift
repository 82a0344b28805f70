import Foundation
import HardViewPretraining
import RunConfiguration

/// An experiment: arms that are trained with the same seeds on the same images and measured alike.
///
/// Every arm is trained for each seed, on each image set and with each method; see Documentation/Comparing.md for the
/// keys of a study file.
public struct Study: Sendable {
  /// One line for reports.
  public let summary: String
  /// The image sets and methods: every pair of one of each.
  public let conditions: [Condition]
  /// What is compared.
  public let arms: [Arm]
  /// The arm that others are compared with.
  public let reference: String
  /// The seeds that every arm is trained with.
  public let seeds: [Int]
  /// How encoders are measured.
  public let protocols: [StudyProtocol]
  /// The measures that arms are compared by; empty for the first one of each protocol.
  public let measures: [String]
  /// The runs that take place at once; 0 leaves it to the machine.
  public let atOnce: Int
  /// Standard deviations of a pair's difference as known from other studies, in points, by measure.
  public let spread: [String: Double]
  /// The study as a tree, paths absolute; what its folder keeps.
  public let tree: ConfigurationTree
  private let configurations: [Cell: ResolvedConfiguration]
  private let recipes: [Condition: String]
  private let labelled: [String: String]

  private struct Cell: Hashable {
    var condition: Condition
    var arm: String
  }

  /// An image set and a method.
  public struct Condition: Codable, Sendable, Hashable {
    /// The name of the image set.
    public var set: String
    /// The name of the method; empty where the study names none.
    public var method: String

    /// Both names.
    public init(set: String, method: String) {
      self.set = set
      self.method = method
    }

    /// Both in words.
    public var name: String { method.isEmpty ? set : "\(set), \(method)" }
  }

  /// One of the things that are compared.
  public struct Arm: Sendable, Equatable {
    /// Its name.
    public var name: String
    /// Whether its encoder has random weights.
    public var isUntrained: Bool
    /// The arm whose training time it gets; nil where it trains as long as its settings say.
    public var asLongAs: String?
    /// Where it trains as long as another arm: the arm of the same settings whose time for an epoch is known.
    public var twin: String?
  }

  /// Reads a study file.
  /// - Throws: `ConfigurationError` with the file or key path, what is wrong and what is known.
  public init(contentsOf path: String, components: Components = .standard) throws(ConfigurationError) {
    try self.init(ConfigurationTree(contentsOf: path), components: components)
  }

  /// Reads a study.
  ///
  /// - Parameters:
  ///   - tree: The keys of a study file.
  ///   - components: What its settings may name.
  /// - Throws: `ConfigurationError` with the key path, what is wrong and what is known; where arms differ in their data,
  ///   with the differences.
  public init(_ tree: ConfigurationTree, components: Components = .standard) throws(ConfigurationError) {
    let file = try StudyFile(tree)
    self.tree = file.tree
    summary = file.summary
    reference = file.reference
    seeds = file.seeds
    protocols = file.protocols
    measures = file.measures
    labelled = Dictionary(uniqueKeysWithValues: file.sets.map { ($0.name, $0.labelled) })
    atOnce = file.atOnce
    spread = file.spread
    conditions = file.sets.flatMap { set in
      file.methods.map { Condition(set: set.name, method: $0.name) }
    }
    var configurations: [Cell: ResolvedConfiguration] = [:]
    var recipes: [Condition: String] = [:]
    for set in file.sets {
      for method in file.methods {
        let condition = Condition(set: set.name, method: method.name)
        recipes[condition] = file.arms.first { $0.name == file.reference }.map {
          file.recipe(of: $0, on: set, with: method)
        }
        for arm in file.arms {
          configurations[Cell(condition: condition, arm: arm.name)] =
            try file.configuration(of: arm, on: set, with: method, components: components)
        }
        try Self.checkData(of: file, in: condition) { configurations[Cell(condition: condition, arm: $0)]!.tree }
      }
    }
    self.configurations = configurations
    self.recipes = recipes
    var arms: [Arm] = []
    for arm in file.arms {
      let twin =
        arm.asLongAs.isEmpty
        ? nil
        : file.arms.first { other in
          other.asLongAs.isEmpty && !other.isUntrained
            && configurations.allSatisfy { cell, configuration in
              cell.arm != arm.name
                || configurations[Cell(condition: cell.condition, arm: other.name)]!.tree == configuration.tree
            }
        }
      guard arm.asLongAs.isEmpty || twin != nil else {
        throw ConfigurationError(
          path: "arms.\(arm.name).as_long_as",
          problem: .invalid(
            "stretches the epochs of an arm whose time is known, but no arm has the same settings without as_long_as; "
              + "add one, and name it here with 'like'"))
      }
      arms.append(
        Arm(
          name: arm.name, isUntrained: arm.isUntrained, asLongAs: arm.asLongAs.isEmpty ? nil : arm.asLongAs,
          twin: twin?.name))
    }
    self.arms = arms
  }

  /// The settings that an arm trains with, but for the seed and stretched epochs.
  public func configuration(of arm: String, in condition: Condition) -> ResolvedConfiguration {
    guard let configuration = configurations[Cell(condition: condition, arm: arm)] else {
      preconditionFailure("the study has no arm \(arm) in \(condition.name)")
    }
    return configuration
  }

  /// The recipe that the reference arm starts from; empty where it has none.
  public func recipe(in condition: Condition) -> String { recipes[condition] ?? "" }

  /// The labelled images that encoders of an image set are measured on; empty for those that are trained on.
  func labelledImages(of set: String) -> String { labelled[set] ?? "" }

  /// The measures that arms are compared by, as far as they are known before anything is measured.
  var expectedMeasures: [String] { measures.isEmpty ? protocols.compactMap(\.mainMeasure) : measures }

  /// The arm of a name.
  public func arm(_ name: String) -> Arm? { arms.first { $0.name == name } }

  /// Keys of `data` that decide how fast images are read, and not which ones.
  private static let speedKeys = ["loader_threads", "prefetched_batches", "cache_megabytes"]

  private static func checkData(
    of file: StudyFile, in condition: Condition, configuration: (String) -> ConfigurationTree
  ) throws(ConfigurationError) {
    func data(_ arm: String) -> ConfigurationTree {
      speedKeys.reduce(configuration(arm)["data"] ?? .empty) { $0.removing($1) }
    }
    for arm in file.arms {
      let changes = data(file.reference).changes(to: data(arm.name))
      guard !changes.isEmpty else { continue }
      let list = changes.map { "data.\($0.key) is \($0.after) instead of \($0.before)" }.joined(separator: "; ")
      throw ConfigurationError(
        path: "arms.\(arm.name)",
        problem: .invalid(
          "is trained on other data than \(file.reference) (\(condition.name)): \(list). What arms gain can only be "
            + "compared on the same images; give other images a name of their own under 'data'"))
    }
  }
}
