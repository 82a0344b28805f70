import Torch

/// A vision transformer without its classifier; names of parameters as in timm.
///
/// Dosovitskiy et al. 2021, in the widths of DeiT (Touvron et al. 2021). Patches become tokens by a convolution; a class
/// token and, optionally, registers (Darcet et al. 2024) go before them. Layers are normalized before each branch and
/// once more at the end. Linear layers and position embeddings start truncated-normal with standard deviation 0.02,
/// biases at zero, class token and registers normal with 1e-6, the patch convolution as PyTorch's default.
public final class VisionTransformer: Backbone {
  /// Features of an attention head.
  static let headWidth = 64

  /// Attention heads of each block: one for each 64 features of a token, at least one.
  static func headCount(width: Int) -> Int { max(1, width / headWidth) }

  let clsToken: Parameter
  let regToken: Parameter?
  let posEmbed: Parameter
  let patchEmbed: PatchEmbedding
  let blocks: [TransformerBlock]
  let norm: LayerNorm
  /// Features of a token.
  public let featureCount: Int
  /// Channels of the images.
  public let inputChannels: Int
  /// Side of a patch in px.
  public let patchSize: Int
  /// Tokens before those of the patches: the class token and the registers.
  public let prefixTokenCount: Int
  /// Rows and columns of patches that the position embeddings are laid out for.
  public let gridSize: Int

  init(
    width: Int, depth: Int, inputChannels: Int, patchSize: Int, imageSize: Int, registerTokens: Int,
    dropPathRate: Double, using generator: Generator
  ) {
    featureCount = width
    self.inputChannels = inputChannels
    self.patchSize = patchSize
    gridSize = imageSize / patchSize
    let prefix = 1 + registerTokens
    prefixTokenCount = prefix
    clsToken = Parameter(.normal([1, 1, width], standardDeviation: 1e-6, using: generator))
    regToken =
      registerTokens > 0
      ? Parameter(.normal([1, registerTokens, width], standardDeviation: 1e-6, using: generator)) : nil
    posEmbed = Parameter(
      .truncatedNormal([1, prefix + gridSize * gridSize, width], standardDeviation: 0.02, using: generator))
    patchEmbed = PatchEmbedding(channels: inputChannels, width: width, patchSize: patchSize, using: generator)
    blocks = (0..<depth).map { index in
      TransformerBlock(
        width: width, heads: Self.headCount(width: width),
        dropPathRate: depth > 1 ? dropPathRate * Double(index) / Double(depth - 1) : 0, using: generator)
    }
    norm = LayerNorm(width)
  }

  /// `[batch, channels, height, width]` to the normalized class token, `[batch, featureCount]`.
  public func callAsFunction(_ images: Tensor, in phase: Phase) -> Tensor {
    FrozenBackbones.pass(in: phase) { phase in
      norm(Self.classToken(of: blockOutput(images, in: phase)), in: phase)
    }
  }

  /// All normalized tokens of images: class token, registers, patches row by row.
  /// - Parameters:
  ///   - images: `[batch, channels, height, width]`; pixels beyond the last whole patch of a side are ignored.
  ///   - masking: Patches to hide, as iBOT does (Zhou et al. 2022): where `mask`, `[batch, patches]`, is 1 and not 0,
  ///     `embedding`, `[featureCount]`, stands for the patch before its position is added.
  /// - Returns: `[batch, prefixTokenCount + patches, featureCount]`.
  public func tokens(
    _ images: Tensor, masking: (mask: Tensor, embedding: Tensor)? = nil, in phase: Phase
  ) -> Tensor {
    FrozenBackbones.pass(in: phase) { phase in norm(blockOutput(images, masking: masking, in: phase), in: phase) }
  }

  /// The class token after each of the last blocks, all normalized by the final layer.
  ///
  /// What DINO's linear probe of small transformers concatenates (Caron et al. 2021).
  /// - Parameters:
  ///   - count: The number of blocks, at least 1 and at most as many as the network has.
  ///   - images: `[batch, channels, height, width]`.
  /// - Returns: `count` tensors `[batch, featureCount]`, that of the last block at the end.
  public func lastTokens(_ count: Int, of images: Tensor, in phase: Phase) -> [Tensor] {
    precondition((1...blocks.count).contains(count), "\(count) of the last blocks of \(blocks.count)")
    return FrozenBackbones.pass(in: phase) { phase in
      var tokens = embedded(images, masking: nil, in: phase)
      var results: [Tensor] = []
      for (index, block) in blocks.enumerated() {
        tokens = block(tokens, in: phase)
        if index >= blocks.count - count { results.append(norm(Self.classToken(of: tokens), in: phase)) }
      }
      return results
    }
  }

  /// How much the class token attends to each patch in the last block, in each head.
  ///
  /// What DINO's pictures of attention show (Caron et al. 2021, figure 1).
  /// - Parameter images: `[batch, channels, height, width]`.
  /// - Returns: `[batch, heads, rows, columns]`; the class token attends to itself and to registers, too, so that patches
  ///   add up to less than 1.
  public func classAttention(of images: Tensor, in phase: Phase) -> Tensor {
    FrozenBackbones.pass(in: phase) { phase in
      let last = blocks[blocks.count - 1]
      let tokens = blockOutput(images, blockCount: blocks.count - 1, in: phase)
      let weights = last.attn.weights(last.norm1(tokens, in: phase), in: phase)
      let (rows, columns) = (images.shape[2] / patchSize, images.shape[3] / patchSize)
      return weights.narrowed(along: 2, from: 0, count: 1)
        .narrowed(along: 3, from: prefixTokenCount, count: rows * columns)
        .reshaped([images.shape[0], weights.shape[1], rows, columns])
    }
  }

  /// The class token, `[batch, featureCount]`, of tokens `[batch, tokens, featureCount]`.
  public static func classToken(of tokens: Tensor) -> Tensor {
    tokens.narrowed(along: 1, from: 0, count: 1).reshaped([tokens.shape[0], -1])
  }

  /// One a block.
  public var stageCount: Int { blocks.count }

  /// The mean of the patches' tokens after so many blocks, not normalized; 0 for the tokens as they enter the first.
  public func features(_ images: Tensor, afterStage stage: Int, in phase: Phase) -> Tensor {
    FrozenBackbones.pass(in: phase) { phase in
      let tokens = blockOutput(images, blockCount: stage, in: phase)
      let patches = tokens.shape[1] - prefixTokenCount
      return tokens.narrowed(along: 1, from: prefixTokenCount, count: patches).mean(along: 1)
    }
  }

  /// Tokens after the first `blockCount` blocks, by default all, not normalized.
  private func blockOutput(
    _ images: Tensor, masking: (mask: Tensor, embedding: Tensor)? = nil, blockCount: Int = .max, in phase: Phase
  ) -> Tensor {
    blocks.prefix(blockCount).reduce(embedded(images, masking: masking, in: phase)) { $1($0, in: phase) }
  }

  /// Tokens as they enter the first block.
  private func embedded(
    _ images: Tensor, masking: (mask: Tensor, embedding: Tensor)?, in phase: Phase
  ) -> Tensor {
    let (batch, rows, columns) = (images.shape[0], images.shape[2] / patchSize, images.shape[3] / patchSize)
    var patches = patchEmbed(images, in: phase)
    if let (mask, embedding) = masking {
      patches = patches.replacing(where: (mask .> 0.5).expandingDimension(at: 2), with: embedding)
    }
    let prefix = [clsToken, regToken].compactMap { $0?.value.expanded(to: [batch, -1, -1]) }
    return .concatenated(prefix + [patches], along: 1) + positions(rows: rows, columns: columns)
  }

  /// Position embeddings for a grid of patches, `[1, prefixTokenCount + rows · columns, featureCount]`; those of the
  /// patches are interpolated when the grid is another than they are laid out for.
  private func positions(rows: Int, columns: Int) -> Tensor {
    guard rows != gridSize || columns != gridSize else { return posEmbed.value }
    return Self.positions(posEmbed.value, behind: prefixTokenCount, rows: rows, columns: columns)
  }
}

// MARK: - Positions

extension VisionTransformer {
  /// Position embeddings that were laid out for images of another size, for this network.
  ///
  /// Those of the patches are interpolated to this network's grid, so that features are the ones that the other network
  /// would give for images of this network's size. Registers that the other network lacks keep the positions they have
  /// here.
  /// - Parameters:
  ///   - positions: `[1, 1 + registers + side · side, featureCount]`: class token, registers, patches row by row.
  ///   - registers: How many registers they are for: none, or as many as this network has.
  /// - Returns: Embeddings of this network's shape; nil where `positions` has another width, or its patches are no square.
  public func adapted(positions: Tensor, registers: Int) -> Tensor? {
    let prefix = 1 + registers
    guard positions.rank == 3, positions.shape[0] == 1, positions.shape[2] == featureCount,
      prefix == prefixTokenCount || registers == 0, Self.gridSize(of: positions, behind: prefix) != nil
    else { return nil }
    let resized = Self.positions(
      positions.converted(to: .float32), behind: prefix, rows: gridSize, columns: gridSize)
    guard prefix != prefixTokenCount else { return resized }
    let own = posEmbed.value.detached().narrowed(along: 1, from: 1, count: prefixTokenCount - 1)
    return .concatenated(
      [
        resized.narrowed(along: 1, from: 0, count: 1), own,
        resized.narrowed(along: 1, from: 1, count: gridSize * gridSize),
      ], along: 1)
  }

  /// Rows and columns of the patches that position embeddings are for; nil where they are no square.
  ///
  /// - Parameter prefix: The number of tokens before those of the patches.
  public static func gridSize(of positions: Tensor, behind prefix: Int) -> Int? {
    let patches = positions.shape[1] - prefix
    let side = Int(Double(max(patches, 0)).squareRoot().rounded())
    return side > 0 && side * side == patches ? side : nil
  }

  /// Position embeddings whose patches, a square grid behind `prefix` other tokens, are interpolated to another grid.
  ///
  /// Bicubically, with the scale factors of DINO's `interpolate_pos_encoding`: it adds 0.1 to the number of patches so
  /// that no side is rounded down, which shifts the sampled positions slightly.
  private static func positions(_ positions: Tensor, behind prefix: Int, rows: Int, columns: Int) -> Tensor {
    guard let side = gridSize(of: positions, behind: prefix) else {
      preconditionFailure("\(positions.shape[1]) positions behind \(prefix) are no square grid")
    }
    guard rows != side || columns != side else { return positions }
    let width = positions.shape[2]
    let grid = positions.narrowed(along: 1, from: prefix, count: side * side)
      .reshaped([1, side, side, width]).permuted([0, 3, 1, 2])
    let resized = grid.resizedBicubically(
      height: rows, width: columns,
      scales: ((Double(rows) + 0.1) / Double(side), (Double(columns) + 0.1) / Double(side)))
    let patches = resized.permuted([0, 2, 3, 1]).reshaped([1, rows * columns, width])
    return .concatenated([positions.narrowed(along: 1, from: 0, count: prefix), patches], along: 1)
  }
}

/// Maps patches that do not overlap to tokens.
final class PatchEmbedding: Layer {
  let proj: Convolution2d
  private let width: Int

  init(channels: Int, width: Int, patchSize: Int, using generator: Generator) {
    self.width = width
    proj = Convolution2d(
      channels, width, kernel: patchSize, stride: patchSize, padding: 0, bias: true, initialization: .uniformFanIn,
      using: generator)
  }

  /// `[batch, channels, height, width]` to `[batch, patches, featureCount]`, row by row.
  func callAsFunction(_ images: Tensor, in phase: Phase) -> Tensor {
    // Channels-last images leave the convolution as tokens already, so that nothing is copied here.
    proj(images, in: phase).permuted([0, 2, 3, 1]).reshaped([images.shape[0], -1, width])
  }
}
