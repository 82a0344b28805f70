import NeuralNetworks
import RunConfiguration

/// What the source of an encoder leaves open.
public struct EncoderOptions: Sendable {
  /// The source of untrained encoders.
  public static let random = "random"

  /// The network of `random`, or the one that a file must hold; nil takes the file's.
  public var backbone: BackboneConfiguration.Name?
  /// Another source, whose backbone and preprocessing `random` takes.
  public var like: String?
  /// Decides random weights.
  public var seed: Int
  /// Settings laid over the encoder's own, such as `backbone.stem` or `preprocessing.mean`; see `EncoderConfiguration`.
  public var settings: ConfigurationTree
  /// Pixels that the shorter side is resized to; nil is as the source says, in proportion to `crop`.
  public var resize: Int?
  /// Side of the square cut from the center, in pixels; nil is as the source says.
  public var crop: Int?

  /// All is as the source says.
  public init(
    backbone: BackboneConfiguration.Name? = nil, like: String? = nil, seed: Int = 0,
    settings: ConfigurationTree = .empty, resize: Int? = nil, crop: Int? = nil
  ) {
    self.backbone = backbone
    self.like = like
    self.seed = seed
    self.settings = settings
    self.resize = resize
    self.crop = crop
  }

  /// Settings of the backbone alone, under its own keys, the name among them where it is given.
  var backboneSettings: ConfigurationTree {
    var settings = self.settings["backbone"] ?? .empty
    if let backbone { settings.set(.string(backbone.rawValue), at: "name") }
    return settings
  }

  /// The settings with the backbone's name among them where it is given.
  var completeSettings: ConfigurationTree {
    var settings = self.settings
    if let backbone { settings.set(.string(backbone.rawValue), at: "backbone.name") }
    return settings
  }

  /// Throws where a source with weights is given options of `random`.
  func check(for source: String) throws(EncoderError) {
    if let like { throw EncoderError(encoder: source, problem: .likeWithoutRandom(like)) }
  }
}
