import Torch

/// Self-attention and a multilayer perceptron, each normalized before and with a shortcut around it.
final class TransformerBlock: Layer {
  let norm1: LayerNorm
  let attn: SelfAttention
  let norm2: LayerNorm
  let mlp: FeedForward
  private let dropPath: DropPath

  init(width: Int, heads: Int, dropPathRate: Double, using generator: Generator) {
    norm1 = LayerNorm(width)
    attn = SelfAttention(width: width, heads: heads, using: generator)
    norm2 = LayerNorm(width)
    mlp = FeedForward(width: width, using: generator)
    dropPath = DropPath(rate: dropPathRate, using: generator)
  }

  /// `[batch, tokens, width]` to the same shape.
  func callAsFunction(_ input: Tensor, in phase: Phase) -> Tensor {
    let attended = input + dropPath(attn(norm1(input, in: phase), in: phase), in: phase)
    return attended + dropPath(mlp(norm2(attended, in: phase), in: phase), in: phase)
  }
}

/// Attention of every token to every token, in several heads, after Vaswani and others 2017.
final class SelfAttention: Layer {
  let qkv: Linear
  let proj: Linear
  private let heads: Int

  init(width: Int, heads: Int, using generator: Generator) {
    self.heads = heads
    qkv = Linear(width, 3 * width, initialization: .truncatedNormal, using: generator)
    proj = Linear(width, width, initialization: .truncatedNormal, using: generator)
  }

  /// Queries, keys and values, each `[batch, heads, tokens, width of a head]`.
  private func parts(of input: Tensor, in phase: Phase) -> [Tensor] {
    let (batch, tokens) = (input.shape[0], input.shape[1])
    return qkv(input, in: phase).split(into: 3, along: 2).map {
      $0.reshaped([batch, tokens, heads, -1]).transposed(1, 2)
    }
  }

  /// How much each token attends to each, `[batch, heads, tokens, tokens]`; rows add up to 1.
  func weights(_ input: Tensor, in phase: Phase) -> Tensor {
    let parts = parts(of: input, in: phase)
    let scale = 1 / Double(parts[0].shape[3]).squareRoot()
    return (parts[0].matmul(parts[1].transposed(2, 3)) * scale).softmax(along: 3)
  }

  func callAsFunction(_ input: Tensor, in phase: Phase) -> Tensor {
    let (batch, tokens) = (input.shape[0], input.shape[1])
    let parts = parts(of: input, in: phase)
    let attended = parts[0].attending(to: parts[1], values: parts[2])
    return proj(attended.transposed(1, 2).reshaped([batch, tokens, -1]), in: phase)
  }
}

/// Two linear layers with GELU between them, four times as wide inside.
final class FeedForward: Layer {
  let fc1: Linear
  let fc2: Linear

  init(width: Int, using generator: Generator) {
    fc1 = Linear(width, 4 * width, initialization: .truncatedNormal, using: generator)
    fc2 = Linear(4 * width, width, initialization: .truncatedNormal, using: generator)
  }

  func callAsFunction(_ input: Tensor, in phase: Phase) -> Tensor {
    fc2(fc1(input, in: phase).gelu(), in: phase)
  }
}
