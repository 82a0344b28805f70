import NeuralNetworks
import Optimization
import RunConfiguration
import Torch

/// Variance-invariance-covariance regularization (Bardes, Ponce and LeCun 2022, arXiv 2105.04906).
///
/// Loss of a pair: λ times the mean squared difference of the two embeddings, plus, of each view, μ/2 times the hinge
/// that keeps every dimension's standard deviation above one and ν times the squared covariances of dimensions.
/// The last two are functions of moments S over the batch. Each image gets its first-order share h(S) + h′(S)(s − S),
/// whose mean is h(S) with the same gradient, so the same numbers train and rank.
/// Differs from the paper in: nothing known.
public final class VICReg: PairwiseMethod {
  /// The `method` section for VICReg.
  public struct Configuration: MethodConfiguration {
    /// Linear layers of the expander.
    public var projectorLayers = 3
    /// Width inside the expander.
    public var projectorHidden = 8192
    /// Width of embeddings.
    public var projectorOutput = 8192
    /// λ: the weight of the difference between views.
    public var invarianceWeight = 25.0
    /// μ: the weight of the variance hinge.
    public var varianceWeight = 25.0
    /// ν: the weight of covariances.
    public var covarianceWeight = 1.0

    /// The published setting.
    public init() {}

    /// Widths must be positive, weights not negative, and moments need images.
    public func check(with setting: MethodSetting, _ report: inout SettingReport) {
      report.requireNonNegative(invarianceWeight, at: CodingKeys.invarianceWeight)
      report.requireNonNegative(varianceWeight, at: CodingKeys.varianceWeight)
      report.requireNonNegative(covarianceWeight, at: CodingKeys.covarianceWeight)
      report.requireCount(projectorLayers, at: CodingKeys.projectorLayers)
      report.requireCount(projectorHidden, at: CodingKeys.projectorHidden)
      report.requireCount(projectorOutput, at: CodingKeys.projectorOutput)
      report.requireBatch(of: 4, in: setting, because: "variances are measured over the batch")
    }
  }

  /// A view's embedding, `[batch, projectorOutput]`.
  public typealias Encoding = Projection

  /// "vicreg".
  public static let name = "vicreg"
  /// One line for lists.
  public static let summary = "equal embeddings of two views, kept apart by variance and covariance terms"
  /// Variances and covariances are those of the batch.
  public static let couplesBatch = true

  let network: ProjectedBackbone<Sequential>
  private let configuration: Configuration

  /// Builds backbone and expander.
  public init(_ configuration: Configuration, backbone: MakeBackbone, using generator: Generator) {
    self.configuration = configuration
    network = ProjectedBackbone(
      backbone(.trained), layers: configuration.projectorLayers, hidden: configuration.projectorHidden,
      output: configuration.projectorOutput, using: generator)
  }

  /// The backbone.
  public var encoder: any Backbone { network.backbone }

  /// Embeds.
  public func encode(_ views: [View], for pass: Pass) -> [Encoding] {
    network.outputs(of: views, for: pass).map { Encoding(projection: $0) }
  }

  /// The difference of every pair, and each image's share of the moments of every view.
  public func lossTerms(_ encodings: [Encoding], in context: StepContext) -> LossTerms {
    let views = encodings.map(\.projection)
    var terms = LossTerms(views: views.count)
    for first in views.indices {
      for second in views.indices where second > first {
        let difference = views[first] - views[second]
        terms.append(
          (difference * difference).mean(along: 1) * configuration.invarianceWeight, relating: first, second)
      }
    }
    // The loss has both views' covariances and half their hinges; the mean over views has half of each.
    for (index, view) in views.enumerated() {
      let moments = BatchMoments(view)
      terms.append(
        moments.varianceShares * configuration.varianceWeight
          + moments.covarianceShares * (2 * configuration.covarianceWeight), of: index)
    }
    return terms
  }

  /// The embedding.
  public func embedding(_ encoding: Encoding) -> Tensor { encoding.projection }
}

/// Variances and covariances of one view's embeddings over the batch of all workers, and how far each image moves them.
private struct BatchMoments {
  let centered: Tensor
  let covariance: Tensor
  /// B / (B − 1), with which the mean of the images' products is the unbiased covariance.
  let correction: Double

  init(_ rows: Tensor) {
    let workers = Workers.current
    let batch = Double(rows.shape[0] * workers.count)
    centered = rows - workers.mean(rows.mean(along: 0, keepingDimensions: true))
    correction = batch / (batch - 1)
    covariance = workers.sum(centered.transposed().matmul(centered)) / (batch - 1)
  }

  /// Shares of the mean over dimensions of max(0, 1 − √(variance + 1e-4)).
  var varianceShares: Tensor {
    let squares = centered * centered * correction
    let variance = Workers.current.mean(squares.mean(along: 0, keepingDimensions: true))
    let deviation = (variance + 1e-4).squareRoot()
    let isActive = (deviation .< 1.0).converted(to: .float32)
    let slope = isActive / deviation * -0.5
    return (isActive * (-deviation + 1.0) + slope * (squares - variance)).mean(along: 1)
  }

  /// Shares of the sum of squared covariances of different dimensions, divided by the width.
  var covarianceShares: Tensor {
    let width = covariance.shape[0]
    let apart = covariance * (Tensor.ones([width, width]) - Tensor.identity(width))
    let total = (apart * apart).sum()
    let products = (centered.matmul(apart) * centered).sum(along: 1) * correction
    return (total + (products - total) * 2.0) / Double(width)
  }
}
