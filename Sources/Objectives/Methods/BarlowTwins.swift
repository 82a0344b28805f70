import NeuralNetworks
import Optimization
import RunConfiguration
import Torch

/// Barlow Twins (Zbontar and others 2021, arXiv 2103.03230).
///
/// Loss of a pair: Σ (C_dd − 1)² + λ Σ C_de² with C the cross-correlation of the two views' projections over the batch.
/// That is no sum over images. Each image gets its first-order share: with R = W ∘ (C − I), W one on the diagonal and λ
/// off it, the loss ⟨R, C − I⟩ is exactly the mean over images of aᵀ R b − tr R, where a and b are the image's
/// standardized projections. So the same numbers train and rank.
/// Differs from the published hard-view code in: that code shares the loss of groups of images, by mistake among the
/// first sixteen of a batch alone.
public final class BarlowTwins: PairwiseMethod {
  /// The `method` section for Barlow Twins.
  public struct Configuration: MethodConfiguration {
    /// Linear layers of the projector.
    public var projectorLayers = 3
    /// Width inside the projector.
    public var projectorHidden = 8192
    /// Width of projections.
    public var projectorOutput = 8192
    /// λ: the weight of the redundancy between dimensions.
    public var redundancyWeight = 0.0051

    /// The published setting.
    public init() {}

    /// Widths must be positive, weights not negative, and moments need images.
    public func check(with setting: MethodSetting, _ report: inout SettingReport) {
      report.requireNonNegative(redundancyWeight, at: CodingKeys.redundancyWeight)
      report.requireCount(projectorLayers, at: CodingKeys.projectorLayers)
      report.requireCount(projectorHidden, at: CodingKeys.projectorHidden)
      report.requireCount(projectorOutput, at: CodingKeys.projectorOutput)
      report.requireBatch(of: 4, in: setting, because: "correlations are measured over the batch")
    }
  }

  /// A view's projection, `[batch, projectorOutput]`.
  public typealias Encoding = Projection

  /// "barlow-twins".
  public static let name = "barlow-twins"
  /// One line for lists.
  public static let summary =
    "cross-correlation of two views' projections towards the identity; no negatives, no teacher"
  /// Correlations are those of the batch.
  public static let couplesBatch = true

  let network: ProjectedBackbone<Sequential>
  private let configuration: Configuration

  /// Builds backbone and projector.
  public init(_ configuration: Configuration, backbone: MakeBackbone, using generator: Generator) {
    self.configuration = configuration
    network = ProjectedBackbone(
      backbone(.trained), layers: configuration.projectorLayers, hidden: configuration.projectorHidden,
      output: configuration.projectorOutput, using: generator)
  }

  /// The backbone.
  public var encoder: any Backbone { network.backbone }

  /// Projects.
  public func encode(_ views: [View], for pass: Pass) -> [Encoding] {
    network.outputs(of: views, for: pass).map { Encoding(projection: $0) }
  }

  /// Each image's share of the loss of every pair.
  public func lossTerms(_ encodings: [Encoding], in context: StepContext) -> LossTerms {
    let standardized = encodings.map { $0.projection.standardizedOverBatch() }
    let workers = Workers.current
    let (batch, width) = (standardized[0].shape[0] * workers.count, standardized[0].shape[1])
    let identity = Tensor.identity(width)
    let weights = identity * (1 - configuration.redundancyWeight) + configuration.redundancyWeight
    var terms = LossTerms(views: encodings.count)
    for first in standardized.indices {
      for second in standardized.indices where second > first {
        let products = standardized[first].transposed().matmul(standardized[second])
        let correlation = workers.sum(products) / Double(batch)
        let residual = weights * (correlation - identity)
        let shares = (standardized[first].matmul(residual) * standardized[second]).sum(along: 1)
        terms.append(shares - (residual * identity).sum(), relating: first, second)
      }
    }
    return terms
  }

  /// The projection.
  public func embedding(_ encoding: Encoding) -> Tensor { encoding.projection }
}

extension Tensor {
  /// Every column with mean 0 and (biased) variance 1 over the rows of all workers.
  func standardizedOverBatch() -> Tensor {
    let workers = Workers.current
    if workers.count > 1 { return batchNormalized(weight: nil, bias: nil, epsilon: 1e-5, over: workers).rows }
    return batchNormalized(
      weight: nil, bias: nil, runningMean: nil, runningVariance: nil, usesBatchStatistics: true, momentum: 0.1,
      epsilon: 1e-5)
  }
}
