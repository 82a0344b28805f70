import NeuralNetworks
import Optimization
import RunConfiguration
import Torch

/// DINO simplified by a coding rate (Wu and others 2025, arXiv 2502.10385).
///
/// Loss of a set of views: minus the mean cosine of a student's view v ≠ g with a teacher's view g, minus γ times the
/// coding rate ½ log det(I + d/(Bε) ZᵀZ) of the student's global views Z, `[B, d]` of vectors of length one, with
/// γ = (d + B)/(d B). The teacher sees the global views, the student all of them; there are neither prototypes nor center
/// nor temperatures.
/// Views are ranked by their cosines; the coding rate belongs to the batch.
public final class SimDINO: PairwiseMethod {
  /// The `method` section for SimDINO.
  public struct Configuration: MethodConfiguration {
    /// Width inside the head.
    public var headHidden = 2048
    /// Width of the vectors that are compared (d).
    public var headOutput = 256
    /// ε of the coding rate.
    public var epsilon = 0.05
    /// The weight of the cosines.
    public var similarityWeight = 1.0
    /// The share of the teacher that each step keeps, at first; it rises to 1 along half a cosine.
    public var momentum = 0.996

    /// The published setting.
    public init() {}

    /// Widths, ε and the weight must be positive and the momentum a share.
    public func check(with setting: MethodSetting, _ report: inout SettingReport) {
      report.requireCount(headHidden, at: CodingKeys.headHidden)
      report.requireCount(headOutput, at: CodingKeys.headOutput)
      report.requirePositive(epsilon, at: CodingKeys.epsilon)
      report.requirePositive(similarityWeight, at: CodingKeys.similarityWeight)
      report.requireShare(momentum, at: CodingKeys.momentum)
      report.requireBatch(of: 4, in: setting, because: "the coding rate is that of the batch")
    }
  }

  /// The student's and teacher's outputs for a view.
  public struct Encoding {
    /// Vectors of length one, `[batch, headOutput]`.
    package let student: Tensor
    /// The same by the teacher; nil for local views.
    package let teacher: Tensor?

    package init(student: Tensor, teacher: Tensor?) {
      self.student = student
      self.teacher = teacher
    }
  }

  /// "simdino".
  public static let name = "simdino"
  /// One line for lists.
  public static let summary = "cosines with a moving-average teacher's global views, kept apart by a coding rate"
  /// Local crops are what its published accuracy needs.
  public static let takesLocalViews = true
  /// The coding rate is that of the batch.
  public static let couplesBatch = true
  /// The mean of vectors.
  public static let averagesTargets = true
  /// The momentum network.
  public static let hasTeacher = true

  let student: ProjectedBackbone<DirectionHead>
  let teacher: ProjectedBackbone<DirectionHead>
  private let average: MovingAverage
  private let configuration: Configuration
  /// True where the teacher's outputs do not depend on the rest of a batch.
  public let reusesTargets: Bool

  /// Builds student and teacher.
  public init(_ configuration: Configuration, backbone: MakeBackbone, using generator: Generator) {
    self.configuration = configuration
    func network(_ role: BackboneRole) -> ProjectedBackbone<DirectionHead> {
      ProjectedBackbone(backbone(role)) { features in
        DirectionHead(
          features, hidden: configuration.headHidden, output: configuration.headOutput, using: generator)
      }
    }
    student = network(.trained)
    teacher = network(.teacher)
    average = MovingAverage(of: student, in: teacher)
    reusesTargets = !teacher.normalizesOverBatch
  }

  /// The teacher's backbone, which is the better one.
  public var encoder: any Backbone { teacher.backbone }

  /// Runs the student on all views and the teacher on global ones; views of a size go through together.
  public func encode(_ views: [View], for pass: Pass) -> [Encoding] {
    let globals = views.filter { !$0.isLocal }
    var targets = globals.targets { teacher.outputs(of: $0, for: pass, jointly: true).map { [$0] } }.makeIterator()
    return zip(views, student.outputs(of: views, for: pass, jointly: true)).map { view, output in
      Encoding(student: output, teacher: view.isLocal ? nil : targets.next()?[0])
    }
  }

  /// Runs the teacher on all views, in the student's place.
  public func encodeByTeacher(_ views: [View], for pass: Pass) -> [Encoding] {
    zip(views, teacher.outputs(of: views, for: pass, jointly: true)).map { view, output in
      Encoding(student: output, teacher: view.isLocal ? nil : output)
    }
  }

  /// Minus the cosine of every view with every other global one.
  public func lossTerms(_ encodings: [Encoding], in context: StepContext) -> LossTerms {
    LossTerms(encodings) { source, target in
      target.teacher.map { -source.student.cosineSimilarity(to: $0) * configuration.similarityWeight }
    }
  }

  /// Minus γ times the coding rate, the mean over global views.
  public func batchLoss(_ encodings: [Encoding], in context: StepContext) -> Tensor? {
    let views = encodings.filter { $0.teacher != nil }.map(\.student)
    let (batch, width) = (Double(views[0].shape[0] * Workers.current.count), Double(views[0].shape[1]))
    let balance = (width + batch) / (width * batch)
    return (Tensor.stacked(views.map(logDeterminant)) * (-balance / 2)).mean()
  }

  /// log det(I + d/(Bε) ZᵀZ) of `[B, d]`, the rows of all workers.
  private func logDeterminant(of rows: Tensor) -> Tensor {
    let workers = Workers.current
    let (batch, width) = (Double(rows.shape[0] * workers.count), Double(rows.shape[1]))
    let scatter = workers.sum(rows.transposed().matmul(rows)) * (width / (batch * configuration.epsilon))
    return (scatter + Tensor.identity(rows.shape[1])).logDeterminant()
  }

  /// The teacher's vectors.
  public func targets(of encoding: Encoding) -> [Tensor] { encoding.teacher.map { [$0] } ?? [] }

  /// The student's vectors.
  public func embedding(_ encoding: Encoding) -> Tensor { encoding.student }

  /// The teacher follows the student.
  public func didStep(_ encodings: [Encoding], in context: StepContext) {
    average.update(momentum: teacherMomentum(configuration.momentum, at: context.position))
  }
}
