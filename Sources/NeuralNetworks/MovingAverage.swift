import Torch

/// Keeps a teacher that follows its student as an exponential moving average (Tarvainen and Valpola 2017).
///
/// Only parameters are averaged. Running statistics are the teacher's own, as in the published BYOL and DINO: it moves
/// them itself when it runs in the training phase.
public final class MovingAverage {
  private let student: [Tensor]
  private let teacher: [Tensor]

  /// Makes the teacher equal to the student, and freezes it.
  ///
  /// Both must have the same parameters and buffers.
  public init(of student: any Module, in teacher: any Module) {
    let (source, target) = (student.namedState(), teacher.namedState())
    precondition(
      source.map(\.name) == target.map(\.name), "a teacher has the same parameters and buffers as its student")
    withoutGradients {
      for (from, to) in zip(source, target) { to.entry.value.copyInPlace(from: from.entry.value) }
    }
    var pairs: [(Tensor, Tensor)] = []
    for case ((_, .parameter(let from)), (_, .parameter(let to))) in zip(source, target) {
      to.freeze()
      pairs.append((from.value.detached(), to.value))
    }
    self.student = pairs.map(\.0)
    self.teacher = pairs.map(\.1)
  }

  /// Moves the teacher: θ′ ← m θ′ + (1 − m) θ.
  /// - Parameter momentum: m, from 0 (the teacher becomes the student) to 1 (it stays).
  public func update(momentum: Double) {
    withoutGradients { Tensor.moveInPlace(teacher, towards: student, by: 1 - momentum) }
  }
}
