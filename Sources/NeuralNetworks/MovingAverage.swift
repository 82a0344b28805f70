import Torch

/// Keeps a teacher at the exponential moving average of a student's parameters (Tarvainen & Valpola 2017).
///
/// Holds neither module's place in a state dictionary: the method that trains them owns both.
public final class MovingAverage {
  private let student: [Tensor]
  private let teacher: [Tensor]

  /// Makes the teacher a copy of the student, buffers included, that gradients no longer flow to.
  ///
  /// Entries are paired by name; both modules must have the same names and shapes.
  public init(of student: any Module, in teacher: any Module) {
    let source = student.namedState()
    let entries = Dictionary(uniqueKeysWithValues: teacher.namedState().map { ($0.name, $0.entry) })
    precondition(
      source.count == entries.count, "a student with \(source.count) entries and a teacher with \(entries.count)")
    var pairs: [(student: Tensor, teacher: Tensor)] = []
    for (name, entry) in source {
      switch (entry, entries[name]) {
      case (.parameter(let original), .parameter(let copy)):
        copy.freeze()
        Self.copy(original.value, to: copy.value, name)
        pairs.append((original.value, copy.value))
      case (.buffer(let original), .buffer(let copy)):
        Self.copy(original.value, to: copy.value, name)
      default:
        preconditionFailure("the teacher has no counterpart of the student's \(name)")
      }
    }
    self.student = pairs.map(\.student)
    self.teacher = pairs.map(\.teacher)
  }

  private static func copy(_ source: Tensor, to target: Tensor, _ name: String) {
    precondition(
      source.shape == target.shape,
      "\(name) has shape \(source.shape) in the student and \(target.shape) in the teacher")
    withoutGradients { target.copyInPlace(from: source) }
  }

  /// Moves every parameter of the teacher to `momentum` · teacher + (1 − `momentum`) · student.
  ///
  /// Nothing moves where the step itself is left out; see `withUpdates(where:_:)`. Buffers are left alone, as in DINO: running statistics of the teacher come from its own passes.
  /// - Parameter momentum: 0 (copy the student) to 1 (keep the teacher).
  public func update(momentum: Double) {
    precondition((0...1).contains(momentum), "a momentum lies between 0 and 1, not at \(momentum)")
    withoutGradients {
      guard let condition = UpdateCondition.current else {
        return Tensor.moveInPlace(teacher, towards: student, by: 1 - momentum)
      }
      Tensor.moveInPlace(teacher, towards: student, by: condition.converted(to: .float32) * (1 - momentum))
    }
  }
}
