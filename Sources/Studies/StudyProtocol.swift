import PixelEvaluation
import RepresentationEvaluation
import RunConfiguration
import RunEvaluation

/// How the encoders of a study are measured: a protocol of `hardviews evaluate` with its settings.
public struct StudyProtocol: Codable, Sendable, Equatable {
  /// The name of the protocol, such as `knn`.
  public var name: String
  /// Its settings, as YAML; empty for its defaults.
  public var settings: String

  /// The protocols that a study can name, with their usual settings.
  static let all: [any EncoderProtocol] =
    StandardProtocols.all.map { (chosen) -> any EncoderProtocol in
      guard var nearest = chosen as? NearestNeighbours else { return chosen }
      // A study compares by one number of neighbors.
      nearest.neighbours = [20]
      return nearest
    } + [Robustness(), Invariance(), FineTuning()]

  /// The protocol with its settings.
  /// - Throws: `ConfigurationError` for an unknown name or key.
  func resolved() throws(ConfigurationError) -> any EncoderProtocol {
    guard let chosen = Self.all.first(where: { type(of: $0).name == name }) else {
      throw ConfigurationError(
        path: "protocols", problem: .unknownValue(name, known: Self.all.map { type(of: $0).name }))
    }
    return try decoded(chosen)
  }

  private func decoded(_ defaults: some EncoderProtocol) throws(ConfigurationError) -> any EncoderProtocol {
    let path = "protocols.\(name)"
    return try ConfigurationTree.decode(
      defaults, overlaying: ConfigurationTree(yaml: settings, source: path), at: path)
  }

  /// The measure that encoders are compared by, where it is known before anything is measured.
  var mainMeasure: String? {
    // An unknown protocol is refused where the study file is read.
    (try? resolved())?.mainMeasure
  }
}
