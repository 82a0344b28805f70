import NeuralNetworks
import Optimization
import Torch

/// A view's prediction by the student and projection by the teacher, `[batch, width]` each.
public struct PredictedTarget {
  /// The student's prediction; gradients flow through it.
  public let prediction: Tensor
  /// The teacher's projection, without gradients.
  public let target: Tensor

  /// Wraps both.
  public init(prediction: Tensor, target: Tensor) {
    self.prediction = prediction
    self.target = target
  }
}

/// A student with a predictor, and the teacher that follows it (BYOL, MoCo v3).
public final class PredictingStudent: Module {
  /// The network that is optimized.
  public let student: ProjectedBackbone<Sequential>
  /// The student's predictor of the teacher.
  public let predictor: Sequential
  /// The network that follows.
  public let teacher: ProjectedBackbone<Sequential>
  private let average: MovingAverage

  /// Makes the teacher a copy of the student that no gradient reaches.
  public init(
    student: ProjectedBackbone<Sequential>, predictor: Sequential, teacher: ProjectedBackbone<Sequential>
  ) {
    self.student = student
    self.predictor = predictor
    self.teacher = teacher
    average = MovingAverage(of: student, in: teacher)
  }

  /// Predicts with the student, projects with the teacher.
  public func encode(_ views: [View], for pass: Pass) -> [PredictedTarget] {
    let targets = views.targets { views in teacher.outputs(of: views, for: pass).map { [$0] } }
    let predictions = views.encoded(jointly: pass.isJoint) { [predictor(student($0, in: pass.phase), in: pass.phase)] }
    return zip(predictions, targets).map { PredictedTarget(prediction: $0[0], target: $1[0]) }
  }

  /// Projects with the teacher, whose projections stand in for predictions.
  public func encodeByTeacher(_ views: [View], for pass: Pass) -> [PredictedTarget] {
    views.targets { views in teacher.outputs(of: views, for: pass).map { [$0] } }
      .map { PredictedTarget(prediction: $0[0], target: $0[0]) }
  }

  /// The teacher follows the student; it keeps a share that rises from `start` to 1.
  public func teach(from start: Double, at position: TrainingProgress) {
    average.update(momentum: teacherMomentum(start, at: position))
  }
}

/// The share of a teacher that a step keeps: from `start` to 1 along half a cosine over the steps of training, or of a
/// cycle where schedules restart.
public func teacherMomentum(_ start: Double, at position: TrainingProgress) -> Double {
  let position = position.cycle
  return Ramp(from: start, to: 1, .cosine).value(at: Double(position.step) / Double(max(position.totalSteps, 1)))
}
