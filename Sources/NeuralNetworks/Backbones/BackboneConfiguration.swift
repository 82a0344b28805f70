import Torch

/// Which backbone to build; the `backbone` section of a configuration.
public struct BackboneConfiguration: Codable, Sendable, Equatable {
  /// The published network.
  public enum Name: String, Codable, Sendable, CaseIterable {
    /// Two basic blocks a stage.
    case resnet18
    /// 3, 4, 6 and 3 basic blocks.
    case resnet34
    /// 3, 4, 6 and 3 bottleneck blocks.
    case resnet50
    /// 3, 4, 23 and 3 bottleneck blocks.
    case resnet101
    /// A vision transformer 192 wide with 3 heads (Touvron et al. 2021).
    case vitTiny = "vit_tiny"
    /// A vision transformer 384 wide with 6 heads (Touvron et al. 2021).
    case vitSmall = "vit_small"
    /// A vision transformer 768 wide with 12 heads (Dosovitskiy et al. 2021).
    case vitBase = "vit_base"
  }

  /// The network.
  public var name = Name.resnet50
  /// How the image enters a residual network; transformers ignore it.
  public var stem = ResNet.Stem.imagenet
  /// The width; 0 is as published.
  ///
  /// Channels of a residual network's first stage, or features of a transformer's token: a multiple of 64, which is the
  /// width of a head, or less than 64 for a single head.
  public var width = 0
  /// Blocks of a transformer; 0 is 12, as published.
  ///
  /// Must be 0 for residual networks.
  public var depth = 0
  /// Channels of the images: 1 (gray), 3 (color), or those of images of other channels.
  public var channels = 3
  /// Whether each residual branch of a residual network starts at zero; transformers ignore it.
  public var zeroInitResidual = true
  /// How a residual network's convolutions start; transformers ignore it.
  ///
  /// Normalization behind them makes their scale a matter of the effective learning rate alone.
  public var convolutionInit = ResNet.ConvolutionInit.automatic
  /// Side of a transformer's patches in px; residual networks ignore it.
  public var patchSize = 16
  /// Side in px of the images that a transformer's position embeddings are laid out for; others interpolate them.
  ///
  /// 0 leaves it to the configuration of a run, which takes the side of the largest views. Residual networks ignore it.
  public var imageSize = 0
  /// Extra tokens of a transformer that belong to no patch.
  ///
  /// Darcet et al. 2024. Must be 0 for residual networks.
  public var registerTokens = 0
  /// Probability of skipping a branch of a transformer's last block in training.
  ///
  /// Rises linearly from 0 at the first block;
  /// from 0 up to but not including 1. Must be 0 for residual networks.
  public var dropPathRate = 0.0

  /// The published ResNet-50 for color images.
  public init() {}

  /// Whether the network is a vision transformer.
  public var isTransformer: Bool {
    if case .transformer = name.architecture { true } else { false }
  }

  /// The number of stages whose features the network can give.
  public var stageCount: Int { isTransformer ? blockCount : 4 }

  var blockCount: Int { depth == 0 ? 12 : depth }

  /// The first mistake in the values, as the key in snake case and the rest of a sentence about it; nil when the
  /// backbone can be built.
  public func problem() -> (key: String, reason: String)? {
    if channels < 1 { return ("channels", "must be at least 1, not \(channels)") }
    if width < 0 { return ("width", "must be 0 (as published) or more, not \(width)") }
    if depth < 0 { return ("depth", "must be 0 (as published) or more, not \(depth)") }
    if registerTokens < 0 { return ("register_tokens", "must be 0 (none) or more, not \(registerTokens)") }
    if !(0..<1).contains(dropPathRate) {
      return ("drop_path_rate", "must be at least 0 and below 1, not \(dropPathRate)")
    }
    return isTransformer ? transformerProblem() : residualProblem()
  }

  private func residualProblem() -> (key: String, reason: String)? {
    let reason = "must be 0 for \(name.rawValue), because only vision transformers have it, not"
    if depth != 0 { return ("depth", "must be 0 for \(name.rawValue), whose name gives its depth, not \(depth)") }
    if registerTokens != 0 { return ("register_tokens", "\(reason) \(registerTokens)") }
    if dropPathRate != 0 { return ("drop_path_rate", "\(reason) \(dropPathRate)") }
    return nil
  }

  private func transformerProblem() -> (key: String, reason: String)? {
    if width >= VisionTransformer.headWidth, width % VisionTransformer.headWidth != 0 {
      return ("width", "must be below 64 or a multiple of 64, which is the width of an attention head, not \(width)")
    }
    if patchSize < 1 { return ("patch_size", "must be at least 1, not \(patchSize)") }
    if imageSize < patchSize || imageSize % patchSize != 0 {
      return ("image_size", "must be a multiple of patch_size (\(patchSize)), not \(imageSize)")
    }
    return nil
  }

  /// Builds the network and draws its weights.
  ///
  /// Traps when `problem()` finds one.
  /// - Parameters:
  ///   - role: Teachers are built without stochastic depth.
  ///   - generator: Draws the initial weights, and during training the branches that stochastic depth skips.
  public func makeBackbone(role: BackboneRole = .trained, using generator: Generator) -> any Backbone {
    if let (key, reason) = problem() { preconditionFailure("backbone.\(key) \(reason)") }
    switch name.architecture {
    case .residual(let kind):
      return ResNet(
        kind: kind, stem: stem, width: complete.width, inputChannels: channels,
        convolutionInit: convolutionInit, startsResidualsAtZero: zeroInitResidual, using: generator)
    case .transformer:
      return VisionTransformer(
        width: complete.width, depth: blockCount, inputChannels: channels,
        patchSize: patchSize, imageSize: imageSize, registerTokens: registerTokens,
        dropPathRate: role == .trained ? dropPathRate : 0, using: generator)
    }
  }
}

extension BackboneConfiguration.Name {
  enum Architecture {
    case residual(ResNet.Kind)
    case transformer(width: Int)
  }

  var architecture: Architecture {
    switch self {
    case .resnet18: .residual(.init(isBottleneck: false, depths: [2, 2, 2, 2]))
    case .resnet34: .residual(.init(isBottleneck: false, depths: [3, 4, 6, 3]))
    case .resnet50: .residual(.init(isBottleneck: true, depths: [3, 4, 6, 3]))
    case .resnet101: .residual(.init(isBottleneck: true, depths: [3, 4, 23, 3]))
    case .vitTiny: .transformer(width: 192)
    case .vitSmall: .transformer(width: 384)
    case .vitBase: .transformer(width: 768)
    }
  }
}
