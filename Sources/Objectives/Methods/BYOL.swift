import NeuralNetworks
import Optimization
import RunConfiguration
import Torch

/// Bootstrap your own latent (Grill and others 2020, arXiv 2006.07733).
///
/// Loss of a pair: the mean of 2 − 2 cos(q(z), z′) over both directions, with z the student's projection, q its
/// predictor and z′ the projection of a teacher that follows the student.
/// Differs from the paper in: the mean of both directions where the paper has their sum.
public final class BYOL: PairwiseMethod {
  /// The `method` section for BYOL.
  public struct Configuration: MethodConfiguration {
    /// Width inside the projector.
    public var projectorHidden = 4096
    /// Width of projections and predictions.
    public var projectorOutput = 256
    /// Width inside the predictor.
    public var predictorHidden = 4096
    /// The share of the teacher that each step keeps, at first; it rises to 1 along half a cosine.
    public var momentum = 0.996
    /// The target of predictions when all drawn views are trained on; `mean` is FastSiam.
    public var targets = TargetRule.each

    /// The published heads and momentum.
    public init() {}

    /// Widths must be positive and the momentum a share.
    public func check(with setting: MethodSetting, _ report: inout SettingReport) {
      report.requireShare(momentum, at: CodingKeys.momentum)
      report.requireCount(projectorHidden, at: CodingKeys.projectorHidden)
      report.requireCount(projectorOutput, at: CodingKeys.projectorOutput)
      report.requireCount(predictorHidden, at: CodingKeys.predictorHidden)
    }
  }

  /// A view's prediction by the student and projection by the teacher, `[batch, projectorOutput]` each.
  public typealias Encoding = PredictedTarget

  /// "byol".
  public static let name = "byol"
  /// One line for lists.
  public static let summary = "prediction of a moving-average teacher's projection of the other view; no negatives"

  /// The mean of projections.
  public static let averagesTargets = true
  /// The momentum network.
  public static let hasTeacher = true

  let networks: PredictingStudent
  private let configuration: Configuration

  /// Builds student, predictor and teacher.
  public init(_ configuration: Configuration, backbone: MakeBackbone, using generator: Generator) {
    self.configuration = configuration
    func network(_ role: BackboneRole) -> ProjectedBackbone<Sequential> {
      ProjectedBackbone(
        backbone(role), layers: 2, hidden: configuration.projectorHidden, output: configuration.projectorOutput,
        using: generator)
    }
    networks = PredictingStudent(
      student: network(.trained),
      predictor: .projector(
        [configuration.projectorOutput, configuration.predictorHidden, configuration.projectorOutput],
        endsNormalized: false, using: generator),
      teacher: network(.teacher))
  }

  /// The student's backbone.
  public var encoder: any Backbone { networks.student.backbone }

  /// Predicts with the student, projects with the teacher.
  public func encode(_ views: [View], for pass: Pass) -> [Encoding] {
    networks.encode(views, for: pass)
  }

  /// Projects with the teacher.
  public func encodeByTeacher(_ views: [View], for pass: Pass) -> [Encoding] {
    networks.encodeByTeacher(views, for: pass)
  }

  /// 2 − 2 cos(q(z), z′) of every ordered pair.
  public func lossTerms(_ encodings: [Encoding], in context: StepContext) -> LossTerms {
    configuration.targets.terms(
      predictions: encodings.map(\.prediction), targets: encodings.map(\.target)
    ) { $0.cosineSimilarity(to: $1) * -2.0 + 2.0 }
  }

  /// The prediction.
  public func embedding(_ encoding: Encoding) -> Tensor { encoding.prediction }

  /// The teacher's projection.
  public func targets(of encoding: Encoding) -> [Tensor] { [encoding.target] }

  /// The teacher follows the student.
  public func didStep(_ encodings: [Encoding], in context: StepContext) {
    networks.teach(from: configuration.momentum, at: context.position)
  }
}
