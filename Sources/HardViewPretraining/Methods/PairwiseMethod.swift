import Optimization
import Torch

/// A method whose loss is the mean of terms that each relate two views.
public protocol PairwiseMethod: SelfSupervisedMethod {
  /// The loss, shape `[batch]`, of predicting `target` from `source`; nil when the pair has no term.
  func pairLoss(from source: Encoding, to target: Encoding, at progress: TrainingProgress) -> Tensor?
}

extension PairwiseMethod {
  /// The mean of the terms over ordered pairs.
  public func sampleLosses(_ encodings: [Encoding], at progress: TrainingProgress) -> Tensor {
    var terms: [Tensor] = []
    for target in encodings.indices {
      for source in encodings.indices where source != target {
        if let term = pairLoss(from: encodings[source], to: encodings[target], at: progress) { terms.append(term) }
      }
    }
    return Tensor.stacked(terms).mean(along: 0)
  }

  /// Each ordered pair of the pool once, however many choices share it.
  public func candidateLosses(_ encodings: [Encoding], in space: CandidateSpace, at progress: TrainingProgress)
    -> Tensor
  {
    var terms: [Tensor] = []
    var row: [Int: Int] = [:]
    for target in encodings.indices {
      for source in encodings.indices where source != target {
        guard let term = pairLoss(from: encodings[source], to: encodings[target], at: progress) else { continue }
        row[source * encodings.count + target] = terms.count
        terms.append(term)
      }
    }
    let rowsOfChoice = space.candidates.map { choice in
      choice.flatMap { target in
        choice.compactMap { source in source == target ? nil : row[source * encodings.count + target] }
      }
    }
    let table = Tensor.stacked(terms)
    return table.selecting(Tensor(rowsOfChoice.flatMap { $0 }))
      .reshaped([space.count, rowsOfChoice[0].count, table.shape[1]]).mean(along: 1)
  }
}
