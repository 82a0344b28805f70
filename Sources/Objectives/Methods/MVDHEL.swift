import NeuralNetworks
import Optimization
import RunConfiguration
import Torch

/// Contrast of any number of views, alignment decoupled from uniformity (Koromilas and others 2025, arXiv 2507.06979,
/// MV-DHEL).
///
/// Loss of an image with M views: −log Σ exp(s/τ) over all pairs of its views, plus Σ over its views of
/// log Σ exp(s/τ) over the same view of all other images; s the cosine similarity. With `selection.policy: all` it trains
/// on all drawn views at once, a rival of hard views; with two views it can be trained on hard ones.
public final class MVDHEL: SelfSupervisedMethod {
  /// The `method` section for MV-DHEL.
  public struct Configuration: MethodConfiguration {
    /// Width inside the projector; 0 takes the backbone's.
    public var projectorHidden = 0
    /// Width of projections.
    public var projectorOutput = 128
    /// τ: what similarities are divided by.
    public var temperature = 0.2

    /// The published setting for small images.
    public init() {}

    /// Widths and temperature must be positive, and uniformity needs other images.
    public func check(with setting: MethodSetting, _ report: inout SettingReport) {
      report.requirePositive(temperature, at: CodingKeys.temperature)
      report.requireNonNegative(projectorHidden, at: CodingKeys.projectorHidden)
      report.requireCount(projectorOutput, at: CodingKeys.projectorOutput)
      report.requireBatch(of: 4, in: setting, because: "other images of the batch are what views are kept apart from")
    }
  }

  /// A view's projection, `[batch, projectorOutput]`, not normalized.
  public typealias Encoding = Projection

  /// "mv-dhel".
  public static let name = "mv-dhel"
  /// One line for lists.
  public static let summary = "contrast of any number of views, each kept apart from the same view of other images"
  /// Views are kept apart from those of the other images.
  public static let couplesBatch = true

  let network: ProjectedBackbone<Sequential>
  private let configuration: Configuration

  /// Builds backbone and projector.
  public init(_ configuration: Configuration, backbone: MakeBackbone, using generator: Generator) {
    self.configuration = configuration
    network = ProjectedBackbone(
      backbone(.trained), layers: 2, hidden: configuration.projectorHidden, output: configuration.projectorOutput,
      endsNormalized: true, endsAffine: true, using: generator)
  }

  /// The backbone.
  public var encoder: any Backbone { network.backbone }

  /// Projects; all views share batch statistics, also in training.
  public func encode(_ views: [View], for pass: Pass) -> [Encoding] {
    network.outputs(of: views, for: pass, jointly: true).map { Encoding(projection: $0) }
  }

  /// Alignment of all views of an image at once, and the uniformity of each.
  public func sampleLosses(_ encodings: [Encoding], in context: StepContext) -> Tensor {
    let units = encodings.map { $0.projection.normalized() }
    let similarities = units.indices.flatMap { first in
      units[(first + 1)...].map { (units[first] * $0).sum(along: 1) / configuration.temperature }
    }
    return uniformity(units) - Tensor.stacked(similarities, along: 1).logSumExponential(along: 1)
  }

  /// For each image the sum over its views of log Σ exp(s/τ) over the same view of all workers' other images, `[batch]`.
  private func uniformity(_ units: [Tensor]) -> Tensor {
    let (workers, batch) = (Workers.current, units[0].shape[0])
    // A view is not kept apart from itself.
    let own = Tensor.identity(batch * workers.count).narrowed(along: 0, from: batch * workers.rank, count: batch) * 1e9
    return Tensor.stacked(
      zip(units, units.gathered()).map { unit, all in
        (unit.matmul(all.transposed()) / configuration.temperature - own).logSumExponential(along: 1)
      }
    ).sum(along: 0)
  }

  /// The projection.
  public func embedding(_ encoding: Encoding) -> Tensor { encoding.projection }
}
