import NeuralNetworks
import Optimization
import RunConfiguration
import Torch

/// Simple Siamese representation learning (Chen & He 2021, arXiv 2011.10566).
///
/// Loss of a pair: ½ [−cos(p₁, sg z₂) − cos(p₂, sg z₁)], with z the projection and p its prediction.
/// Differs from the published hard-view code in: nothing known; its selection indices are reproduced exactly.
public final class SimSiam: PairwiseMethod {
  /// The `method` section for SimSiam.
  public struct Configuration: MethodConfiguration {
    /// Linear layers of the projector: 3 on ImageNet, 2 on CIFAR.
    public var projectorLayers = 3
    /// Width inside the projector; 0 takes the backbone's.
    public var projectorHidden = 0
    /// Width of projections and predictions.
    public var projectorOutput = 2048
    /// Width inside the predictor.
    public var predictorHidden = 512
    /// Whether the predictor keeps its base learning rate.
    public var fixesPredictorRate = true
    /// The target of predictions when all drawn views are trained on; `mean` is FastSiam.
    public var targets = TargetRule.each

    /// The published heads for ImageNet.
    public init() {}

    /// Widths must be positive.
    public func check(with setting: MethodSetting, _ report: inout SettingReport) {
      report.requireCount(projectorLayers, at: CodingKeys.projectorLayers)
      report.requireNonNegative(projectorHidden, at: CodingKeys.projectorHidden)
      report.requireCount(projectorOutput, at: CodingKeys.projectorOutput)
      report.requireCount(predictorHidden, at: CodingKeys.predictorHidden)
    }
  }

  /// A view's projection (no gradient flows through it), prediction and target, `[batch, projectorOutput]` each.
  public struct Encoding {
    package let projection: Tensor
    package let prediction: Tensor
    /// The projection, or what was computed beforehand.
    package let target: Tensor

    package init(projection: Tensor, prediction: Tensor, target: Tensor? = nil) {
      self.projection = projection
      self.prediction = prediction
      self.target = target ?? projection
    }
  }

  /// "simsiam".
  public static let name = "simsiam"
  /// One line for lists.
  public static let summary = "negative cosine similarity with a predictor and stop-gradient; no negatives, no teacher"

  /// The mean of projections.
  public static let averagesTargets = true

  let backbone: any Backbone
  let projector: Sequential
  let predictor: Sequential
  private let configuration: Configuration

  /// Builds backbone, projector and predictor.
  public init(_ configuration: Configuration, backbone: MakeBackbone, using generator: Generator) {
    self.configuration = configuration
    self.backbone = backbone(.trained)
    let features = self.backbone.featureCount
    let hidden = configuration.projectorHidden == 0 ? features : configuration.projectorHidden
    projector = .projector(
      [features] + Array(repeating: hidden, count: configuration.projectorLayers - 1) + [configuration.projectorOutput],
      using: generator)
    predictor = .predictor(configuration.projectorOutput, hidden: configuration.predictorHidden, using: generator)
  }

  /// The backbone.
  public var encoder: any Backbone { backbone }

  /// The encoder follows the schedule; the predictor may keep its rate.
  public var parameterGroups: [ParameterGroup] {
    let named = namedParameters()
    return [
      ParameterGroup("encoder", named.filter { !$0.name.hasPrefix("predictor.") }),
      ParameterGroup(
        "predictor", named.filter { $0.name.hasPrefix("predictor.") }, keepsBaseRate: configuration.fixesPredictorRate),
    ]
  }

  /// Projects and predicts.
  public func encode(_ views: [View], for pass: Pass) -> [Encoding] {
    let outputs = views.encoded(jointly: pass.isJoint) { pixels in
      let projection = projector(backbone(pixels, in: pass.phase), in: pass.phase)
      return [projection.detached(), predictor(projection, in: pass.phase)]
    }
    return zip(views, outputs).map { Encoding(projection: $1[0], prediction: $1[1], target: $0.targets.first) }
  }

  /// −cos(p, sg z) of every ordered pair.
  public func lossTerms(_ encodings: [Encoding], in context: StepContext) -> LossTerms {
    configuration.targets.terms(
      predictions: encodings.map(\.prediction), targets: encodings.map(\.target)
    ) { -$0.cosineSimilarity(to: $1) }
  }

  /// The projection.
  public func targets(of encoding: Encoding) -> [Tensor] { [encoding.projection] }

  /// The projection.
  public func embedding(_ encoding: Encoding) -> Tensor {
    encoding.projection
  }
}
