import Torch

/// A vision transformer without its classifier; names of parameters as in timm.
///
/// Dosovitskiy et al. 2021 (arXiv 2010.11929), with normalization before each branch. Linear weights start truncated
/// normal, the patch projection as PyTorch's convolutions.
public final class VisionTransformer: Backbone {
  let clsToken: Parameter
  let posEmbed: Parameter
  let regToken: Parameter?
  let patchEmbed: PatchEmbedding
  let blocks: [TransformerBlock]
  let norm: LayerNorm
  /// The width of tokens.
  public let featureCount: Int
  /// Channels of the images.
  public let inputChannels: Int
  /// Side of a patch in pixels.
  public let patchSize: Int
  private let gridSize: Int

  init(_ configuration: BackboneConfiguration, role: BackboneRole, using generator: Generator) {
    let width = configuration.tokenWidth
    featureCount = width
    inputChannels = configuration.channels
    patchSize = configuration.patchSize
    gridSize = configuration.imageSize / configuration.patchSize
    precondition(gridSize > 0, "position embeddings are laid out for images of some size (image_size)")
    patchEmbed = PatchEmbedding(
      configuration.channels, width: width, patch: configuration.patchSize, using: generator)
    func tokens(_ count: Int) -> Parameter {
      Parameter(.truncatedNormal([1, count, width], standardDeviation: 0.02, using: generator))
    }
    clsToken = tokens(1)
    regToken = configuration.registerTokens > 0 ? tokens(configuration.registerTokens) : nil
    posEmbed = tokens(1 + configuration.registerTokens + gridSize * gridSize)
    let depth = configuration.blockCount
    blocks = (0..<depth).map { index in
      let rate = depth > 1 ? configuration.dropPathRate * Double(index) / Double(depth - 1) : 0
      return TransformerBlock(
        width, heads: configuration.headCount, dropPathRate: role == .trained ? rate : 0, using: generator)
    }
    norm = LayerNorm(width)
  }

  /// Class and register tokens: what stands before the patches.
  public var prefixTokenCount: Int { 1 + (regToken?.value.shape[1] ?? 0) }

  /// One a block.
  public var stageCount: Int { blocks.count }

  /// `[batch, channels, height, width]` to the normalized class token, `[batch, featureCount]`.
  public func callAsFunction(_ images: Tensor, in phase: Phase) -> Tensor {
    Self.classToken(of: tokens(images, in: phase))
  }

  /// All tokens, normalized: class, registers, patches row by row; `[batch, tokens, featureCount]`.
  ///
  /// - Parameter masking: Patches, `[batch, patches]` of zeros and ones, that are hidden: what stands in for them,
  ///   `[featureCount]`, replaces their projection, so their place is still known (iBOT).
  public func tokens(
    _ images: Tensor, masking: (mask: Tensor, embedding: Tensor)? = nil, in phase: Phase
  ) -> Tensor {
    norm(blocks.reduce(embedded(images, masking: masking, in: phase)) { $1($0, in: phase) }, in: phase)
  }

  /// The normalized class tokens after each of the last blocks, `[batch, featureCount]` each: what DINO's linear
  /// evaluation joins.
  public func classTokens(ofLast count: Int, _ images: Tensor, in phase: Phase) -> [Tensor] {
    var tokens = embedded(images, masking: nil, in: phase)
    var found: [Tensor] = []
    for (index, block) in blocks.enumerated() {
      tokens = block(tokens, in: phase)
      if index >= blocks.count - count { found.append(Self.classToken(of: norm(tokens, in: phase))) }
    }
    return found
  }

  /// The mean of the patches' tokens after so many blocks, 0 for the embedded patches.
  public func features(_ images: Tensor, afterStage stage: Int, in phase: Phase) -> Tensor {
    let tokens = blocks.prefix(stage).reduce(embedded(images, masking: nil, in: phase)) { $1($0, in: phase) }
    let patches = tokens.shape[1] - prefixTokenCount
    return tokens.narrowed(along: 1, from: prefixTokenCount, count: patches).mean(along: 1)
  }

  private func embedded(
    _ images: Tensor, masking: (mask: Tensor, embedding: Tensor)?, in phase: Phase
  ) -> Tensor {
    let shape = images.shape
    precondition(
      shape[2] % patchSize == 0 && shape[3] % patchSize == 0,
      "patches of \(patchSize) pixels do not divide images of \(shape[2])×\(shape[3])")
    var patches = patchEmbed(images, in: phase)
    if let masking {
      let mask = masking.mask.expandingDimension(at: 2).converted(to: patches.dtype)
      patches = patches + mask * (masking.embedding.converted(to: patches.dtype) - patches)
    }
    let prefix = [clsToken.value] + (regToken.map { [$0.value] } ?? [])
    let head = prefix.map { $0.expanded(to: [shape[0], -1, -1]).converted(to: patches.dtype) }
    let places = positions(height: shape[2] / patchSize, width: shape[3] / patchSize)
    return .concatenated(head + [patches], along: 1) + places.converted(to: patches.dtype)
  }

  /// Position embeddings for a grid of patches; for another than the trained one they are interpolated.
  ///
  /// Bicubically, with the published DINO's scale factors (side + 0.1) / √N.
  private func positions(height: Int, width: Int) -> Tensor {
    guard height != gridSize || width != gridSize else { return posEmbed.value }
    let prefix = prefixTokenCount
    let grid = posEmbed.value.narrowed(along: 1, from: prefix, count: gridSize * gridSize)
      .reshaped([1, gridSize, gridSize, featureCount]).permuted([0, 3, 1, 2])
    let side = Double(gridSize)
    let resized = grid.resizedBicubically(
      height: height, width: width, scales: ((Double(height) + 0.1) / side, (Double(width) + 0.1) / side)
    ).permuted([0, 2, 3, 1]).reshaped([1, height * width, featureCount])
    return .concatenated([posEmbed.value.narrowed(along: 1, from: 0, count: prefix), resized], along: 1)
  }

  /// The class token, `[batch, featureCount]`, of tokens `[batch, tokens, featureCount]`.
  public static func classToken(of tokens: Tensor) -> Tensor {
    tokens.narrowed(along: 1, from: 0, count: 1).reshaped([tokens.shape[0], tokens.shape[2]])
  }
}

/// Cuts images into patches and projects each.
final class PatchEmbedding: Layer {
  let proj: Convolution2d

  init(_ channels: Int, width: Int, patch: Int, using generator: Generator) {
    proj = Convolution2d(
      channels, width, kernel: patch, stride: patch, padding: 0, bias: true, initialization: .uniformFanIn,
      using: generator)
  }

  /// `[batch, channels, height, width]` to `[batch, patches, width]`, patches row by row.
  func callAsFunction(_ images: Tensor, in phase: Phase) -> Tensor {
    let grid = proj(images, in: phase)
    let shape = grid.shape
    return grid.permuted([0, 2, 3, 1]).reshaped([shape[0], shape[2] * shape[3], shape[1]])
  }
}

/// Attention and a small network, each around a shortcut and behind a normalization.
final class TransformerBlock: Layer {
  let norm1: LayerNorm
  let attn: SelfAttention
  let norm2: LayerNorm
  let mlp: PerceptronLayers
  private let dropPath: DropPath

  init(_ width: Int, heads: Int, dropPathRate: Double, using generator: Generator) {
    norm1 = LayerNorm(width)
    attn = SelfAttention(width, heads: heads, using: generator)
    norm2 = LayerNorm(width)
    mlp = PerceptronLayers(width, hidden: 4 * width, using: generator)
    dropPath = DropPath(rate: dropPathRate, using: generator)
  }

  func callAsFunction(_ tokens: Tensor, in phase: Phase) -> Tensor {
    let attended = tokens + dropPath(attn(norm1(tokens, in: phase), in: phase), in: phase)
    return attended + dropPath(mlp(norm2(attended, in: phase), in: phase), in: phase)
  }
}

/// Every token looks at every other.
final class SelfAttention: Layer {
  let qkv: Linear
  let proj: Linear
  private let heads: Int

  init(_ width: Int, heads: Int, using generator: Generator) {
    precondition(width % heads == 0, "\(heads) heads do not share \(width) channels equally")
    self.heads = heads
    qkv = Linear(width, 3 * width, initialization: .truncatedNormal, using: generator)
    proj = Linear(width, width, initialization: .truncatedNormal, using: generator)
  }

  /// `[batch, tokens, width]` to the same.
  func callAsFunction(_ tokens: Tensor, in phase: Phase) -> Tensor {
    let (batch, count, width) = (tokens.shape[0], tokens.shape[1], tokens.shape[2])
    // [3, batch, heads, tokens, channels of a head]
    let parts = qkv(tokens, in: phase).reshaped([batch, count, 3, heads, width / heads]).permuted([2, 0, 3, 1, 4])
      .split(into: 3).map { $0.reshaped([batch, heads, count, width / heads]) }
    let attended = parts[0].attending(to: parts[1], values: parts[2])
    return proj(attended.transposed(1, 2).reshaped([batch, count, width]), in: phase)
  }
}

/// The small network of a block.
final class PerceptronLayers: Layer {
  let fc1: Linear
  let fc2: Linear

  init(_ width: Int, hidden: Int, using generator: Generator) {
    fc1 = Linear(width, hidden, initialization: .truncatedNormal, using: generator)
    fc2 = Linear(hidden, width, initialization: .truncatedNormal, using: generator)
  }

  func callAsFunction(_ tokens: Tensor, in phase: Phase) -> Tensor {
    fc2(fc1(tokens, in: phase).gelu(), in: phase)
  }
}
