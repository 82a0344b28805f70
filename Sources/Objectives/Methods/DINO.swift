import NeuralNetworks
import Optimization
import RunConfiguration
import Torch

/// Self-distillation with no labels (Caron and others 2021, arXiv 2104.14294).
///
/// Loss of a set of views: the mean over a teacher's view g and a student's view v ≠ g of the cross-entropy of
/// softmax(s_v/τ) with softmax((t_g − c)/τ′); the teacher sees the global views, the student all of them.
/// Differs from the published hard-view code in: the hardest local views for each pair of global ones are found exactly;
/// the teacher's outputs for chosen views are used again where its backbone has no batch normalization.
public final class DINO: PairwiseMethod {
  /// The `method` section for DINO.
  public struct Configuration: MethodConfiguration {
    /// Width inside the head.
    public var headHidden = 2048
    /// Width of the vectors that are compared with prototypes.
    public var headBottleneck = 256
    /// The number of prototypes (K).
    public var prototypes = 65_536
    /// Whether the prototypes keep length one.
    public var normalizesLastLayer = true
    /// Epochs at the beginning during which the prototypes stay as they are.
    public var lastLayerFrozenEpochs = 1
    /// τ: what the student's logits are divided by.
    public var studentTemperature = 0.1
    /// τ′ after the warm-up: what the teacher's logits are divided by.
    public var teacherTemperature = 0.04
    /// τ′ at first.
    public var teacherTemperatureStart = 0.04
    /// Epochs until `teacherTemperature` is reached.
    public var teacherTemperatureWarmupEpochs = 0
    /// The share of the center that each step keeps.
    public var centerMomentum = 0.9
    /// The share of the teacher that each step keeps, at first; it rises to 1 along half a cosine.
    public var momentum = 0.996

    /// The published setting for 100 epochs.
    public init() {}

    /// Widths and temperatures must be positive, momenta shares.
    public func check(with setting: MethodSetting, _ report: inout SettingReport) {
      report.requirePositive(studentTemperature, at: CodingKeys.studentTemperature)
      report.requirePositive(teacherTemperature, at: CodingKeys.teacherTemperature)
      report.requirePositive(teacherTemperatureStart, at: CodingKeys.teacherTemperatureStart)
      report.requireShare(momentum, at: CodingKeys.momentum)
      report.requireShare(centerMomentum, at: CodingKeys.centerMomentum)
      report.requireCount(headHidden, at: CodingKeys.headHidden)
      report.requireCount(headBottleneck, at: CodingKeys.headBottleneck)
      report.requireCount(prototypes, at: CodingKeys.prototypes)
    }
  }

  /// The student's and teacher's outputs for a view.
  public struct Encoding {
    /// `[batch, prototypes]`.
    package let student: Tensor
    /// `[batch, prototypes]`; nil for local views.
    package let teacher: Tensor?
    /// The student's features, `[batch, features]`.
    package let features: Tensor

    package init(student: Tensor, teacher: Tensor?, features: Tensor) {
      self.student = student
      self.teacher = teacher
      self.features = features
    }
  }

  /// "dino".
  public static let name = "dino"
  /// One line for lists.
  public static let summary = "a centered moving-average teacher's soft labels of global views, learned from all views"
  /// Local crops are what its published accuracy needs.
  public static let takesLocalViews = true

  let student: ProjectedBackbone<PrototypeHead>
  let teacher: ProjectedBackbone<PrototypeHead>
  package let center: Center
  private let average: MovingAverage
  private let configuration: Configuration
  /// True where the teacher's logits do not depend on the rest of a batch.
  public let reusesTargets: Bool
  /// The mean of logits.
  public static let averagesTargets = true
  /// The momentum network.
  public static let hasTeacher = true

  /// Builds student and teacher.
  public init(_ configuration: Configuration, backbone: MakeBackbone, using generator: Generator) {
    self.configuration = configuration
    func network(_ role: BackboneRole) -> ProjectedBackbone<PrototypeHead> {
      ProjectedBackbone(backbone(role)) { features in
        PrototypeHead(
          features, hidden: configuration.headHidden, bottleneck: configuration.headBottleneck,
          prototypes: configuration.prototypes, trainsGain: !configuration.normalizesLastLayer, using: generator)
      }
    }
    student = network(.trained)
    teacher = network(.teacher)
    center = Center(prototypes: configuration.prototypes)
    average = MovingAverage(of: student, in: teacher)
    reusesTargets = !teacher.normalizesOverBatch
  }

  /// The teacher's backbone, which is the better one.
  public var encoder: any Backbone { teacher.backbone }

  /// The prototypes may stay as they are for some epochs.
  public var parameterGroups: [ParameterGroup] {
    ParameterGroup.freezing("last_layer", of: namedParameters(), forEpochs: configuration.lastLayerFrozenEpochs)
  }

  /// Runs the student on all views and the teacher on global ones; views of a size go through together, as published.
  public func encode(_ views: [View], for pass: Pass) -> [Encoding] {
    let globals = views.filter { !$0.isLocal }
    var targets = globals.targets { $0.encoded(jointly: true) { [teacher($0, in: pass.phase)] } }.makeIterator()
    let outputs = views.encoded(jointly: true) { pixels in
      let features = student.backbone(pixels, in: pass.phase)
      return [student.head(features, in: pass.phase), features]
    }
    return zip(views, outputs).map { view, output in
      Encoding(student: output[0], teacher: view.isLocal ? nil : targets.next()?[0], features: output[1])
    }
  }

  /// Runs the teacher on all views; its centered logits stand in for the student's.
  public func encodeByTeacher(_ views: [View], for pass: Pass) -> [Encoding] {
    let outputs = views.encoded(jointly: true) { pixels in
      let features = teacher.backbone(pixels, in: pass.phase)
      return [teacher.head(features, in: pass.phase), features]
    }
    return zip(views, outputs).map { view, output in
      Encoding(student: output[0] - center.value, teacher: view.isLocal ? nil : output[0], features: output[1])
    }
  }

  /// The temperatures, the teacher's over time.
  private var distillation: Distillation {
    Distillation(
      studentTemperature: configuration.studentTemperature,
      teacherTemperature: TeacherTemperature(
        start: configuration.teacherTemperatureStart, end: configuration.teacherTemperature,
        warmupEpochs: configuration.teacherTemperatureWarmupEpochs))
  }

  package func teacherTemperature(at position: TrainingProgress) -> Double {
    distillation.teacherTemperature.value(at: position)
  }

  /// The cross-entropy of every view with every other global one.
  public func lossTerms(_ encodings: [Encoding], in context: StepContext) -> LossTerms {
    distillation.terms(
      students: encodings.map(\.student), teachers: encodings.map(\.teacher), center: center, at: context.position)
  }

  /// The teacher's logits.
  public func targets(of encoding: Encoding) -> [Tensor] { encoding.teacher.map { [$0] } ?? [] }

  /// The student's features.
  public func embedding(_ encoding: Encoding) -> Tensor { encoding.features }

  /// The teacher's outputs of all parts.
  public func joined(_ earlier: [Encoding], with next: [Encoding]) -> [Encoding] {
    zip(earlier, next).map { earlier, next in
      Encoding(
        student: next.student, teacher: .joined(earlier.teacher, next.teacher), features: next.features)
    }
  }

  /// The center moves towards the teacher's outputs, the teacher towards the student.
  public func didStep(_ encodings: [Encoding], in context: StepContext) {
    let outputs = encodings.compactMap(\.teacher)
    center.move(towards: Tensor.concatenated(outputs).mean(along: 0), momentum: configuration.centerMomentum)
    average.update(momentum: teacherMomentum(configuration.momentum, at: context.position))
  }
}
