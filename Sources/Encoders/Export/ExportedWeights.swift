import Checkpoints
import HardViewPretraining
import NeuralNetworks
import Torch

/// An encoder's tensors under a library's names and in its shapes.
struct ExportedWeights {
  /// Names with values, in order.
  let entries: [(name: String, value: Tensor)]

  init(of encoder: VisionEncoder, for format: ExportFormat) {
    let state = StateDictionary(of: encoder.backbone).entries.map { ($0.name, $0.value.detached()) }
    let isTransformer = encoder.configuration.backbone.isTransformer
    entries =
      switch format {
      case .safetensors, .timm: state
      case .torchvision: isTransformer ? Self.torchvisionTransformer(state) : state
      case .huggingface: isTransformer ? Self.huggingFaceTransformer(state) : Self.huggingFaceResNet(state)
      }
  }

  /// The entries as a dictionary to be written.
  var state: StateDictionary {
    var state = StateDictionary()
    for (name, value) in entries { state.append(name, value) }
    return state
  }

  // MARK: - Names

  private static func torchvisionTransformer(_ state: [(String, Tensor)]) -> [(name: String, value: Tensor)] {
    state.map { name, value in
      let parts = name.split(separator: ".").map(String.init)
      guard parts[0] == "blocks" else {
        return (
          name.replacing(prefix: "cls_token", with: "class_token")
            .replacing(prefix: "pos_embed", with: "encoder.pos_embedding")
            .replacing(prefix: "patch_embed.proj", with: "conv_proj").replacing(prefix: "norm", with: "encoder.ln"),
          value
        )
      }
      let places = [
        "norm1": "ln_1", "norm2": "ln_2", "attn.proj": "self_attention.out_proj", "mlp.fc1": "mlp.0",
        "mlp.fc2": "mlp.3",
      ]
      let layer = "encoder.layers.encoder_layer_\(parts[1])"
      let part = parts[2..<parts.count - 1].joined(separator: ".")
      // The joint projection is a parameter of the attention itself, whose name has an underscore.
      guard let place = places[part] else { return ("\(layer).self_attention.in_proj_\(parts.last!)", value) }
      return ("\(layer).\(place).\(parts.last!)", value)
    }
  }

  private static func huggingFaceResNet(_ state: [(String, Tensor)]) -> [(name: String, value: Tensor)] {
    state.map { name, value in
      var parts = name.split(separator: ".").map(String.init)
      let leaf = parts.removeLast()
      func kind(_ part: String) -> String { part.hasPrefix("conv") || part == "0" ? "convolution" : "normalization" }
      guard parts.count > 1 else { return ("embedder.embedder.\(kind(parts[0])).\(leaf)", value) }
      let layer = "encoder.stages.\(Int(parts[0].dropFirst(5))! - 1).layers.\(parts[1])"
      if parts[2] == "downsample" { return ("\(layer).shortcut.\(kind(parts[3])).\(leaf)", value) }
      return ("\(layer).layer.\(Int(String(parts[2].last!))! - 1).\(kind(parts[2])).\(leaf)", value)
    }
  }

  /// The names of the published files, which every version of transformers reads.
  private static func huggingFaceTransformer(_ state: [(String, Tensor)]) -> [(name: String, value: Tensor)] {
    let registers = state.first { $0.0 == "reg_token" }?.1
    let hasRegisters = registers != nil
    let places =
      hasRegisters
      ? ["norm1": "norm1", "norm2": "norm2", "mlp.fc1": "mlp.fc1", "mlp.fc2": "mlp.fc2"]
      : [
        "norm1": "layernorm_before", "norm2": "layernorm_after", "mlp.fc1": "intermediate.dense",
        "mlp.fc2": "output.dense",
      ]
    var entries: [(name: String, value: Tensor)] = []
    for (name, value) in state {
      let parts = name.split(separator: ".").map(String.init)
      let leaf = parts.last!
      switch parts[0] {
      case "cls_token": entries.append(("embeddings.cls_token", value))
      case "reg_token": break
      case "pos_embed": entries += positions(value, registers: registers)
      case "patch_embed": entries.append(("embeddings.patch_embeddings.projection.\(leaf)", value))
      case "norm": entries.append(("layernorm.\(leaf)", value))
      default:
        let layer = "encoder.layer.\(parts[1])"
        let part = parts[2..<parts.count - 1].joined(separator: ".")
        switch part {
        case "attn.qkv":
          for (role, value) in zip(["query", "key", "value"], value.split(into: 3)) {
            entries.append(("\(layer).attention.attention.\(role).\(leaf)", value))
          }
        case "attn.proj": entries.append(("\(layer).attention.output.dense.\(leaf)", value))
        default: entries.append(("\(layer).\(places[part]!).\(leaf)", value))
        }
        // What DINOv2 has behind each branch.
        if hasRegisters, part == "norm1", leaf == "weight" {
          for scale in ["layer_scale1", "layer_scale2"] {
            entries.append(("\(layer).\(scale).lambda1", .ones([value.elementCount])))
          }
        }
      }
    }
    return entries
  }

  /// DINOv2's registers have no positions, so that theirs are added to them.
  private static func positions(_ positions: Tensor, registers: Tensor?) -> [(name: String, value: Tensor)] {
    guard let registers else { return [("embeddings.position_embeddings", positions)] }
    let (count, all) = (registers.shape[1], positions.shape[1])
    let first = positions.narrowed(along: 1, from: 0, count: 1)
    let patches = positions.narrowed(along: 1, from: 1 + count, count: all - 1 - count)
    return [
      ("embeddings.position_embeddings", .concatenated([first, patches], along: 1)),
      ("embeddings.register_tokens", registers + positions.narrowed(along: 1, from: 1, count: count)),
      ("embeddings.mask_token", .zeros([1, positions.shape[2]])),
    ]
  }
}

extension String {
  fileprivate func replacing(prefix: String, with other: String) -> String {
    self == prefix || hasPrefix(prefix + ".") ? other + dropFirst(prefix.count) : self
  }
}

extension VisionEncoder {
  /// The encoder whose position embeddings are laid out for the images that its preprocessing gives, since libraries
  /// interpolate them otherwise than this program does, or not at all.
  var fitted: VisionEncoder {
    let size = configuration.preprocessing.crop
    guard let transformer = backbone as? VisionTransformer, size != configuration.backbone.imageSize else {
      return self
    }
    var configuration = configuration
    configuration.backbone.imageSize = size
    let fitted = configuration.backbone.makeBackbone(using: Generator(seed: 0))
    let own = Dictionary(
      StateDictionary(of: transformer).entries.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
    withoutGradients {
      for (name, value) in StateDictionary(of: fitted).entries {
        let source = own[name]!
        let adapted =
          name == "pos_embed"
          ? (fitted as? VisionTransformer)?.adapted(
            positions: source, registers: configuration.backbone.registerTokens) : source
        value.copyInPlace(from: adapted ?? source)
      }
    }
    return VisionEncoder(fitted, configuration, from: origin, run: run, components: components)
  }
}
