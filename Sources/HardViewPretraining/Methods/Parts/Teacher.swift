import NeuralNetworks
import Optimization
import Torch

/// A view's prediction by the student and projection by the teacher, `[batch, width]` each.
public struct PredictedTarget {
  package let prediction: Tensor
  package let target: Tensor

  package init(prediction: Tensor, target: Tensor) {
    self.prediction = prediction
    self.target = target
  }
}

/// A student with a predictor, and the teacher that follows it (BYOL, MoCo v3).
final class PredictingStudent: Module {
  let student: ProjectedBackbone<Sequential>
  let predictor: Sequential
  let teacher: ProjectedBackbone<Sequential>
  private let average: MovingAverage

  init(
    student: ProjectedBackbone<Sequential>, predictor: Sequential, teacher: ProjectedBackbone<Sequential>
  ) {
    self.student = student
    self.predictor = predictor
    self.teacher = teacher
    average = MovingAverage(of: student, in: teacher)
  }

  /// Predicts with the student, projects with the teacher.
  func encode(_ views: [View], in phase: Phase, jointly: Bool) -> [PredictedTarget] {
    let targets = withoutGradients { teacher.outputs(of: views, in: phase, jointly: jointly) }
    let predictions = forward(views, jointly: jointly) { [predictor(student($0, in: phase), in: phase)] }
    return zip(predictions, targets).map { PredictedTarget(prediction: $0[0], target: $1) }
  }

  /// The teacher follows the student; it keeps a share that rises from `start` to 1.
  func teach(from start: Double, at progress: TrainingProgress) {
    average.update(momentum: teacherMomentum(start, at: progress))
  }
}

/// The share of a teacher that a step keeps: from `start` to 1 along half a cosine over the steps of training.
func teacherMomentum(_ start: Double, at progress: TrainingProgress) -> Double {
  Ramp(from: start, to: 1, .cosine).value(at: Double(progress.step) / Double(max(progress.totalSteps, 1)))
}

/// A momentum is a share.
func problem(inMomentum momentum: Double, key: String = "momentum") -> MethodProblem? {
  (0...1).contains(momentum) ? nil : MethodProblem(key, "must be between 0 and 1, not \(momentum)")
}
