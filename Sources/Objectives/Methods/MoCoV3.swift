import NeuralNetworks
import Optimization
import RunConfiguration
import Torch

/// Momentum contrast, version 3 (Chen, Xie and He 2021, arXiv 2104.02057).
///
/// Loss of a pair: the mean over both directions of 2τ · cross-entropy of q · k / τ, where the key k of the same image is
/// to be told from those of the batch; q is the student's prediction of one view, k the teacher's projection of the other.
/// Differs from the paper in: the mean of both directions where the paper has their sum; transformers learn their
/// position embeddings where the paper fixes sines.
public final class MoCoV3: PairwiseMethod {
  /// The `method` section for MoCo v3.
  public struct Configuration: MethodConfiguration {
    /// Linear layers of the projector: 2 for ResNets, 3 for transformers.
    public var projectorLayers = 2
    /// Width inside the projector.
    public var projectorHidden = 4096
    /// Width of projections and predictions.
    public var projectorOutput = 256
    /// Width inside the predictor.
    public var predictorHidden = 4096
    /// Whether the predictor ends in a normalization: for transformers.
    public var predictorEndsNormalized = false
    /// τ: 1.0 for ResNets, 0.2 for transformers.
    public var temperature = 1.0
    /// The share of the teacher that each step keeps, at first; it rises to 1 along half a cosine.
    public var momentum = 0.99
    /// Whether a transformer's patch projection keeps its random weights, which makes training stable.
    public var freezesPatchProjection = true

    /// The published setting for ResNets.
    public init() {}

    /// Widths and temperature must be positive, and a contrast needs other images.
    public func check(with setting: MethodSetting, _ report: inout SettingReport) {
      report.requirePositive(temperature, at: CodingKeys.temperature)
      report.requireShare(momentum, at: CodingKeys.momentum)
      report.requireCount(projectorLayers, at: CodingKeys.projectorLayers)
      report.requireCount(projectorHidden, at: CodingKeys.projectorHidden)
      report.requireCount(projectorOutput, at: CodingKeys.projectorOutput)
      report.requireCount(predictorHidden, at: CodingKeys.predictorHidden)
      report.requireBatch(of: 4, in: setting, because: "other images of the batch are what keys are told apart from")
    }
  }

  /// A view's query (the student's prediction) and key (the teacher's projection), `[batch, projectorOutput]` each.
  public typealias Encoding = PredictedTarget

  /// "moco-v3".
  public static let name = "moco-v3"
  /// One line for lists.
  public static let summary = "contrast of predictions with a moving-average teacher's keys of the batch"
  /// Keys are told apart from those of the other images.
  public static let couplesBatch = true

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
        backbone(role), layers: configuration.projectorLayers, hidden: configuration.projectorHidden,
        output: configuration.projectorOutput, endsNormalized: true, using: generator)
    }
    let student = network(.trained)
    if configuration.freezesPatchProjection {
      for case (let name, .parameter(let parameter)) in student.backbone.namedState()
      where name.hasPrefix("patch_embed.") {
        parameter.freeze()
      }
    }
    networks = PredictingStudent(
      student: student,
      predictor: .projector(
        [configuration.projectorOutput, configuration.predictorHidden, configuration.projectorOutput],
        endsNormalized: configuration.predictorEndsNormalized, using: generator),
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

  /// 2τ · cross-entropy of every ordered pair (Algorithm 1).
  public func lossTerms(_ encodings: [Encoding], in context: StepContext) -> LossTerms {
    let temperature = configuration.temperature
    let queries = encodings.map { $0.prediction.normalized() }
    let keys = encodings.map { $0.target.normalized() }.gathered()
    let batch = queries[0].shape[0]
    let labels = Tensor((0..<batch).map { Workers.current.rank * batch + $0 })
    return LossTerms(Array(encodings.indices)) { source, target in
      let logits = queries[source].matmul(keys[target].transposed()) / temperature
      return logits.crossEntropy(labels: labels) * (2 * temperature)
    }
  }

  /// The query.
  public func embedding(_ encoding: Encoding) -> Tensor { encoding.prediction }

  /// The teacher's projection.
  public func targets(of encoding: Encoding) -> [Tensor] { [encoding.target] }

  /// The teacher follows the student.
  public func didStep(_ encodings: [Encoding], in context: StepContext) {
    networks.teach(from: configuration.momentum, at: context.position)
  }
}
