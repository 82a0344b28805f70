import Objectives
import Optimization

extension StepContext {
  /// A context where the batch does not matter.
  init(_ position: TrainingProgress) { self.init(position, BatchDraw(seed: 0, epoch: 0, samples: [])) }
}
