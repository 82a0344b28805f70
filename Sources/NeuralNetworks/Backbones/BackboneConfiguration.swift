import Torch

/// Which backbone to build; the `backbone` section of a configuration.
public struct BackboneConfiguration: Codable, Sendable, Equatable {
  /// The network.
  public enum Name: String, Codable, Sendable, CaseIterable {
    /// Residual network, two basic blocks a stage.
    case resnet18
    /// Residual network, 3, 4, 6 and 3 basic blocks.
    case resnet34
    /// Residual network, 3, 4, 6 and 3 bottleneck blocks.
    case resnet50
    /// Residual network, 3, 4, 23 and 3 bottleneck blocks.
    case resnet101
    /// Vision transformer of width 192.
    case vitTiny = "vit_tiny"
    /// Vision transformer of width 384.
    case vitSmall = "vit_small"
    /// Vision transformer of width 768.
    case vitBase = "vit_base"
  }

  /// The network.
  public var name = Name.resnet50
  /// Channels of the first stage (ResNet) or width of the tokens (ViT); 0 takes the published one: 64, or as named.
  public var width = 0
  /// Channels of the images: 1 (grey) or 3 (colour).
  public var channels = 3
  /// How the image enters a ResNet.
  public var stem = ResNet.Stem.imagenet
  /// Whether each residual branch of a ResNet starts at zero.
  public var zeroInitResidual = true
  /// Blocks of a ViT; 0 takes the published 12.
  public var depth = 0
  /// Side of a ViT's patches in pixels.
  public var patchSize = 16
  /// Side in pixels of the images that a ViT's position embeddings are laid out for; for others they are interpolated.
  /// 0 takes that of the largest views.
  public var imageSize = 0
  /// Tokens without a place that a ViT may use as it likes (Darcet et al. 2024, arXiv 2309.16588).
  public var registerTokens = 0
  /// The probability, below 1, that the last residual branch of a ViT is left out in training; rises from 0 at the first.
  public var dropPathRate = 0.0

  /// The published ResNet-50 for colour images.
  public init() {}

  /// Whether it is a transformer.
  public var isTransformer: Bool {
    switch name {
    case .vitTiny, .vitSmall, .vitBase: true
    case .resnet18, .resnet34, .resnet50, .resnet101: false
    }
  }

  /// The number of stages whose features can be had.
  public var stageCount: Int { isTransformer ? blockCount : 4 }

  /// The width with the published one filled in.
  var tokenWidth: Int {
    if width > 0 { return width }
    switch name {
    case .vitTiny: return 192
    case .vitSmall: return 384
    case .vitBase: return 768
    case .resnet18, .resnet34, .resnet50, .resnet101: return 64
    }
  }

  var blockCount: Int { depth > 0 ? depth : 12 }

  /// Attention heads of 64 channels each, or a single narrower one.
  var headCount: Int { max(tokenWidth / 64, 1) }

  /// The first value that makes no sense: its key and the reason.
  public func problem() -> (key: String, reason: String)? {
    if width < 0 { return ("width", "must be 0 (as published) or more, not \(width)") }
    if depth < 0 { return ("depth", "must be 0 (as published) or more, not \(depth)") }
    guard isTransformer else {
      return depth == 0 ? nil : ("depth", "is for transformers; \(name.rawValue) has its own, so give 0, not \(depth)")
    }
    if tokenWidth % headCount != 0 {
      return ("width", "must be below 64 or a multiple of 64, the width of an attention head, not \(width)")
    }
    if patchSize < 1 { return ("patch_size", "must be at least 1, not \(patchSize)") }
    if imageSize < patchSize || imageSize % patchSize != 0 {
      return (
        "image_size", "is \(imageSize), which patches of \(patchSize) pixels (backbone.patch_size) do not divide"
      )
    }
    if registerTokens < 0 { return ("register_tokens", "must be 0 or more, not \(registerTokens)") }
    if !(0..<1).contains(dropPathRate) { return ("drop_path_rate", "must be from 0 up to 1, not \(dropPathRate)") }
    return nil
  }

  /// Builds the network and draws its weights.
  public func makeBackbone(role: BackboneRole = .trained, using generator: Generator) -> any Backbone {
    guard isTransformer else { return ResNet(self, using: generator) }
    return VisionTransformer(self, role: role, using: generator)
  }
}
