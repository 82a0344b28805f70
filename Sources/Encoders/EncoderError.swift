import NeuralNetworks

/// An encoder that cannot be had, or not used as it is asked for.
public struct EncoderError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What is wrong.
  public enum Problem: Equatable, Sendable {
    /// Random weights of no network.
    case noBackbone
    /// `like` names a source, and the encoder has weights.
    case likeWithoutRandom(String)
    /// A checkpoint of a training whose run folder is not around it.
    case checkpointWithoutRun
    /// Neither a run nor a path names images.
    case noData
    /// Features of a class token, which a residual network lacks.
    case noClassToken
  }

  /// The source of the encoder.
  public let encoder: String
  /// What is wrong.
  public let problem: Problem

  /// Describes an error.
  public init(encoder: String, problem: Problem) {
    self.encoder = encoder
    self.problem = problem
  }

  /// One paragraph: which encoder, what is wrong, what to do.
  public var description: String {
    switch problem {
    case .noBackbone:
      let names = BackboneConfiguration.Name.allCases.map(\.rawValue).joined(separator: ", ")
      return
        "'random' needs to know which network to draw the weights of. Name one with --backbone (\(names)), or an "
        + "encoder to be like with --like RUN."
    case .likeWithoutRandom(let like):
      return
        "\(encoder) has weights of its own, so --like \(like) has no use. Leave it out, or name 'random' as the "
        + "encoder."
    case .checkpointWithoutRun:
      return
        "\(encoder) is a checkpoint of a training, and its run's configuration.yaml is not in the folder above it. Name "
        + "it where the run wrote it, or the run's checkpoints/encoder.safetensors, which can stand alone."
    case .noData:
      return "\(encoder) belongs to no run, so it has no images of its own. Name some with --data."
    case .noClassToken:
      return "\(encoder) is a residual network and has no class token. Choose --features pooled, or patches."
    }
  }
}
