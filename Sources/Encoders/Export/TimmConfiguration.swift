import Foundation
import HardViewPretraining
import NeuralNetworks

/// What timm calls a network and its preprocessing.
struct TimmConfiguration {
  let configuration: EncoderConfiguration

  init(_ configuration: EncoderConfiguration) {
    self.configuration = configuration
  }

  /// The name of the nearest published network.
  static func architecture(of backbone: BackboneConfiguration) -> String {
    guard backbone.isTransformer else { return backbone.name.rawValue }
    return "\(backbone.name.rawValue)_patch16_224"
  }

  /// What a network differs in from the published one of its name, as Python and JSON write it.
  ///
  /// Residual networks of other widths or stems have no arguments for these.
  var modelArguments: [(name: String, value: Int)] {
    let backbone = configuration.backbone
    guard backbone.isTransformer else { return [("in_chans", backbone.channels), ("num_classes", 0)] }
    var arguments = [
      ("img_size", configuration.preprocessing.crop), ("patch_size", backbone.patchSize),
      ("embed_dim", backbone.width), ("depth", backbone.depth), ("num_heads", backbone.headCount),
      ("in_chans", backbone.channels), ("num_classes", 0),
    ]
    if backbone.registerTokens > 0 { arguments.append(("reg_tokens", backbone.registerTokens)) }
    return arguments.map { (name: $0.0, value: $0.1) }
  }

  /// The share of the resized image that the crop is, such that timm, which rounds down, finds the resized side again.
  var cropShare: Double {
    let (crop, resize) = (Double(configuration.preprocessing.crop), Double(configuration.preprocessing.resize))
    let share = crop / resize
    return (crop / share).rounded(.down) == resize ? share : crop / (resize + 0.5)
  }
}
