import Objectives
import Torch

/// The loss of every choice less what the drawn geometry and colors predict of it.
///
/// Views that are hard for being small, dark or far apart do not rank high by that alone. The model of geometry and color
/// learns from every batch that is scored, after it was ranked.
struct UnexplainedScorer: ViewScorer, @unchecked Sendable {
  let losses: LossScorer
  /// Shared with audits; the training thread alone uses it.
  let model: HardnessModel

  var needsBoxes: Bool { true }

  func score<Method: SelfSupervisedMethod>(
    _ pool: ViewPool, in space: CandidateSpace, method: Method, context: StepContext
  ) -> ScoredViews {
    var scored = losses.score(pool, in: space, method: method, context: context)
    guard let parameters = pool.parameters else { preconditionFailure("needsBoxes asks for parameters") }
    let audit = HardnessAudit(
      scored.scores, in: space, reference: space, parameters: parameters, draw: context.draw)
    let predicted = ViewScores.additive(PairScores(predictions(ChoiceGeometry(parameters, in: space), in: space)))
    audit.teach(model)
    if case .listed(let listed) = scored.scores {
      scored.scores = .listed(listed - predicted.scores(in: space))
    } else {
      scored.scores = scored.scores - predicted
    }
    return scored
  }

  /// What the model predicts for each pair of views that a loss relates, `[views, views, batch]`; 0 elsewhere.
  private func predictions(_ geometry: ChoiceGeometry, in space: CandidateSpace) -> Tensor {
    let (views, images) = (space.viewCount, geometry.imageCount)
    var values = [Float](repeating: 0, count: views * views * images)
    for first in 0..<views {
      for second in first + 1..<views {
        for image in 0..<images {
          let value = Float(model.predict(geometry.quantities(of: [first, second], image: image)))
          values[(first * views + second) * images + image] = value
          values[(second * views + first) * images + image] = value
        }
      }
    }
    return Tensor(values, shape: [views, views, images])
  }
}
