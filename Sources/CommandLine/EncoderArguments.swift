import ArgumentParser
import Encoders
import NeuralNetworks
import RunConfiguration

/// An encoder, and what its source leaves open.
struct EncoderArguments: ParsableArguments {
  @Argument(
    help: """
      A run folder, one of its checkpoints, a safetensors file (of this program, or with torchvision's or timm's names), \
      or 'random' for an untrained network.
      """)
  var encoder: String

  @Option(help: "The network of 'random', or the one that a file must hold, such as resnet50.")
  var backbone: BackboneConfiguration.Name?

  @Option(help: "With 'random': another encoder whose network and preprocessing it takes.")
  var like: String?

  @Option(help: "With 'random': decides the weights.")
  var seed = 0

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp(
      "Change one key of the encoder, such as preprocessing.mean=[0.5] or backbone.stem=cifar; may be repeated.",
      valueName: "key.path=value"))
  var assignments: [String] = []

  @Option(help: "Pixels that the shorter side is resized to; by default as the encoder says, in proportion to --crop.")
  var resize: Int?

  @Option(help: "Side of the square cut from the center, in pixels; by default as the encoder says.")
  var crop: Int?

  func validate() throws {
    for (name, side) in [("resize", resize), ("crop", crop)] where side.map({ $0 < 1 }) ?? false {
      throw ValidationError("--\(name) must be at least 1.")
    }
  }

  /// Loads the encoder.
  func open() throws -> VisionEncoder {
    var settings = ConfigurationTree.empty
    for assignment in assignments { try settings.set(assignment) }
    return try VisionEncoder(
      encoder,
      options: EncoderOptions(
        backbone: backbone, like: like, seed: seed, settings: settings, resize: resize, crop: crop),
      components: HardViewsProgram.components)
  }
}

extension BackboneConfiguration.Name: ExpressibleByArgument {}
