import RepresentationEvaluation
import RunConfiguration

/// How the encoders of a study are measured.
public struct StudyProtocol: Codable, Sendable, Equatable {
  /// The name of the protocol.
  public enum Name: String, Codable, Sendable, CaseIterable {
    /// Weighted nearest neighbors.
    case knn
    /// A linear classifier on frozen features.
    case linear
  }

  /// The protocol.
  public var name: Name
  /// Its settings, as YAML; empty for its defaults.
  public var settings: String

  /// Checks the settings.
  /// - Throws: `ConfigurationError` for an unknown key or a value that makes no sense.
  func check() throws(ConfigurationError) { _ = try expectedMeasures }

  /// The measures that it yields, as far as they are known beforehand.
  var expectedMeasures: [String] {
    get throws(ConfigurationError) {
      switch name {
      case .knn: try nearestNeighbours().neighbours.map { "\($0)-NN" }
      case .linear: try linearProbe().epochs > 0 ? ["linear"] : []
      }
    }
  }

  /// Measures the features of a test split by those of the training images.
  func measures(train: LabelledFeatures, test: LabelledFeatures) throws -> [StudyMeasure] {
    switch name {
    case .knn:
      var evaluation = try nearestNeighbours()
      // Small sets have fewer images than neighbors are asked for.
      evaluation.neighbours = evaluation.neighbours.map { min($0, train.count) }
      return try evaluation.evaluate(train: train, test: test).map {
        StudyMeasure(name: "\($0)-NN", value: $1.top1)
      }
    case .linear:
      return [StudyMeasure(name: "linear", value: try linearProbe().evaluate(train: train, test: test).test.top1)]
    }
  }

  private func nearestNeighbours() throws(ConfigurationError) -> NearestNeighbours {
    var defaults = NearestNeighbours()
    defaults.neighbours = [20]
    let chosen = try ConfigurationTree.decode(defaults, overlaying: tree, at: "protocols.knn")
    guard !chosen.neighbours.isEmpty, chosen.neighbours.allSatisfy({ $0 > 0 }), chosen.temperature > 0 else {
      throw ConfigurationError(
        path: "protocols.knn", problem: .invalid("needs neighbours of at least 1 and a temperature above 0"))
    }
    return chosen
  }

  private func linearProbe() throws(ConfigurationError) -> LinearProbe {
    let chosen = try ConfigurationTree.decode(LinearProbe(), overlaying: tree, at: "protocols.linear")
    guard chosen.epochs >= 1 else {
      throw ConfigurationError(path: "protocols.linear.epochs", problem: .invalid("must be at least 1"))
    }
    return chosen
  }

  private var tree: ConfigurationTree {
    get throws(ConfigurationError) { try ConfigurationTree(yaml: settings, source: "protocols.\(name.rawValue)") }
  }
}
