import NeuralNetworks
import Torch

/// The head of DINO: a small network, vectors of length one, and their products with prototypes.
///
/// Linear layers with GELU between them (three of them, the last to `bottleneck`), then a weight-normalized linear layer
/// without bias (Caron et al. 2021, arXiv 2104.14294, appendix C).
final class PrototypeHead: Layer {
  let mlp: Sequential
  let lastLayer: WeightNormalizedLinear

  init(
    _ features: Int, hidden: Int, bottleneck: Int, prototypes: Int, trainsGain: Bool, using generator: Generator
  ) {
    mlp = Sequential([
      Linear(features, hidden, initialization: .truncatedNormal, using: generator), GELU(),
      Linear(hidden, hidden, initialization: .truncatedNormal, using: generator), GELU(),
      Linear(hidden, bottleneck, initialization: .truncatedNormal, using: generator),
    ])
    lastLayer = WeightNormalizedLinear(bottleneck, prototypes, trainsGain: trainsGain, using: generator)
  }

  /// `[…, features]` to `[…, bottleneck]`, vectors of length one.
  func directions(_ features: Tensor, in phase: Phase) -> Tensor {
    mlp(features, in: phase).converted(to: .float32).normalized()
  }

  /// `[…, features]` to `[…, prototypes]`.
  func callAsFunction(_ features: Tensor, in phase: Phase) -> Tensor {
    lastLayer(directions(features, in: phase), in: phase)
  }
}

/// Cross-entropies of students' softmaxes with teachers', for all pairs of views at once.
///
/// With q = softmax((t − c)/τ′) the cross-entropy is log Σ exp(s/τ) − q · s/τ, so that one batched matrix product makes
/// the whole table and no log-softmax is stored. Works through a few images at a time, so that 65,536 prototypes and
/// twenty views fit memory.
///
/// - Parameters:
///   - teachers: Softmaxes, `[batch, prototypes]` for each target view.
///   - students: Logits divided by the temperature, `[batch, prototypes]` for each view.
///   - elements: About how many numbers are worked on at a time.
/// - Returns: `[batch]` for each target view and view.
package func crossEntropies(
  of students: [Tensor], with teachers: [Tensor], elements: Int = 1 << 26
) -> [[Tensor]] {
  let (batch, prototypes) = (students[0].shape[0], students[0].shape[1])
  let rows = max(1, elements / (prototypes * (students.count + teachers.count)))
  let tables = stride(from: 0, to: batch, by: rows).map { start in
    let count = min(rows, batch - start)
    func part(_ tensors: [Tensor]) -> Tensor {
      .stacked(tensors.map { $0.narrowed(along: 0, from: start, count: count) }, along: 1)
    }
    let logits = part(students)
    return logits.logSumExponential(along: 2).expandingDimension(at: 1)
      - part(teachers).matmul(logits.transposed())
  }
  // [batch, targets, views]
  let table = Tensor.concatenated(tables)
  return teachers.indices.map { target in
    let row = table.narrowed(along: 1, from: target, count: 1)
    return students.indices.map { row.narrowed(along: 2, from: $0, count: 1).reshaped([batch]) }
  }
}
