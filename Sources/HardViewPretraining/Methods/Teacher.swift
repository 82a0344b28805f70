import NeuralNetworks
import Optimization
import Torch

/// The share of a teacher that a step keeps: from `start` to 1 along half a cosine over the steps of training.
func teacherMomentum(_ start: Double, at progress: TrainingProgress) -> Double {
  Ramp(from: start, to: 1, .cosine).value(at: Double(progress.step) / Double(max(progress.totalSteps, 1)))
}

/// A momentum is a share.
func problem(inMomentum momentum: Double, key: String = "momentum") -> MethodProblem? {
  (0...1).contains(momentum) ? nil : MethodProblem(key, "must be between 0 and 1, not \(momentum)")
}

/// What is subtracted from a teacher's outputs so that no prototype wins for all images: a moving average of them.
///
/// DINO (Caron et al. 2021, arXiv 2104.14294, section 3.1).
package final class Centre: Module {
  private let values: Buffer

  init(prototypes: Int) {
    values = Buffer(.zeros([1, prototypes]))
  }

  /// `[1, prototypes]`.
  package var value: Tensor { values.value }

  /// Moves towards the mean of teacher outputs, `[prototypes]`.
  package func move(towards mean: Tensor, momentum: Double) {
    set(value * momentum + mean.reshaped(value.shape) * (1 - momentum))
  }

  package func set(_ value: Tensor) {
    withoutGradients { values.value.copyInPlace(from: value) }
  }
}

/// The temperature of a teacher's softmax: a straight way up over the first epochs, then constant.
struct TeacherTemperature {
  var start: Double
  var end: Double
  var warmupEpochs: Int

  /// The value in an epoch, both ends included as the published code.
  func value(at progress: TrainingProgress) -> Double {
    guard progress.epoch < warmupEpochs else { return end }
    return Ramp(from: start, to: end).value(at: Double(progress.epoch) / Double(max(warmupEpochs - 1, 1)))
  }
}
