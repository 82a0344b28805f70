/// Features that cannot be written.
public struct EmbeddingError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What is wrong.
  public enum Problem: Equatable, Sendable {
    /// The ending of the file's name is no format's.
    case unknownEnding
    /// There is a file already.
    case exists
    /// The parts that lie there belong to other features: the keys that differ, with both values.
    case otherParts([String])
    /// The format holds one row of features an image.
    case patches
  }

  /// The file or folder.
  public let path: String
  /// What is wrong.
  public let problem: Problem

  /// One paragraph: where, what, what to do.
  public var description: String {
    switch problem {
    case .unknownEnding:
      let endings = FeatureFormat.allCases.map { ".\($0.rawValue)" }.joined(separator: ", ")
      return "\(path): the ending says in which format features are written; it must be one of \(endings)."
    case .exists:
      return "\(path) exists already, and is not replaced. Name another file with --output, or remove it."
    case .otherParts(let differences):
      return
        "\(path) holds parts of other features, so nothing was written: \(differences.joined(separator: "; ")). Go on "
        + "with the encoder and images that they were begun with, remove the folder, or name another --output."
    case .patches:
      return
        "\(path): such a file has one row of features an image, and patches are many. Name a file that ends in "
        + ".safetensors or .npy, or choose --features pooled."
    }
  }
}
