import NeuralNetworks
import Optimization
import Torch

/// How a student learns a teacher's soft labels: what DINO and iBOT share.
public struct Distillation: Sendable {
  /// The student's temperature.
  public var studentTemperature: Double
  /// The teacher's temperature.
  public var teacherTemperature: TeacherTemperature

  /// Sets both temperatures.
  public init(studentTemperature: Double, teacherTemperature: TeacherTemperature) {
    self.studentTemperature = studentTemperature
    self.teacherTemperature = teacherTemperature
  }

  /// The teacher's soft labels: softmax((t − center) / temperature), without gradients.
  public func labels(_ logits: Tensor, center: Center, at position: TrainingProgress) -> Tensor {
    ((logits.detached() - center.value) / teacherTemperature.value(at: position)).softmax()
  }

  /// The cross-entropy of every view with every other global one, times a weight.
  ///
  /// - Parameters:
  ///   - students: Logits of every view, `[batch, prototypes]`.
  ///   - teachers: The same by the teacher; nil for local views.
  public func terms(
    students: [Tensor], teachers: [Tensor?], center: Center, weight: Double = 1, at position: TrainingProgress
  ) -> LossTerms {
    let globals = teachers.indices.filter { teachers[$0] != nil }
    let labels = teachers.compactMap { $0 }.map { self.labels($0, center: center, at: position) }
    let table = crossEntropies(of: students.map { $0 / studentTemperature }, with: labels)
    var terms = LossTerms(views: students.count)
    for (row, target) in globals.enumerated() {
      for view in students.indices where view != target {
        terms.append(weight == 1 ? table[row][view] : table[row][view] * weight, relating: view, target)
      }
    }
    return terms
  }
}

/// What is subtracted from a teacher's outputs so that no prototype wins for all images: a moving average of them.
///
/// DINO (Caron et al. 2021, arXiv 2104.14294, section 3.1).
public final class Center: Module {
  private let values: Buffer

  /// Starts at zero.
  public init(prototypes: Int) {
    values = Buffer(.zeros([1, prototypes]))
  }

  /// `[1, prototypes]`.
  public var value: Tensor { values.value }

  /// Moves towards the mean over workers of the means of teacher outputs, `[prototypes]`.
  public func move(towards mean: Tensor, momentum: Double) {
    values.update(value * momentum + Workers.current.mean(mean).reshaped(value.shape) * (1 - momentum))
  }

  package func set(_ value: Tensor) { values.update(value) }
}

/// The temperature of a teacher's softmax: a straight way up over the first epochs, then constant.
public struct TeacherTemperature: Sendable {
  /// At first.
  public var start: Double
  /// After the warm-up.
  public var end: Double
  /// Epochs of the warm-up.
  public var warmupEpochs: Int

  /// Rises or falls from one temperature to the other.
  public init(start: Double, end: Double, warmupEpochs: Int) {
    self.start = start
    self.end = end
    self.warmupEpochs = warmupEpochs
  }

  /// The value in an epoch, both ends included as the published code.
  public func value(at position: TrainingProgress) -> Double {
    guard position.epoch < warmupEpochs else { return end }
    return Ramp(from: start, to: end).value(at: Double(position.epoch) / Double(max(warmupEpochs - 1, 1)))
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
public func crossEntropies(
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

extension Tensor? {
  /// The rows of both; nil where either has none, as local views have.
  static func joined(_ first: Tensor?, _ second: Tensor?) -> Tensor? {
    guard let first, let second else { return nil }
    return .concatenated([first, second])
  }
}
