import Foundation
import NeuralNetworks
import Optimization
import RunConfiguration
import Torch

/// A joint-embedding predictive architecture whose embeddings are kept Gaussian (Balestriero and LeCun 2025, arXiv
/// 2511.08544).
///
/// Loss of a set of views: (1 − λ) times the mean over views of (z_v − μ)², with μ the mean projection of the global
/// views, plus λ times SIGReg, the mean over views of a test that the batch's projections are normally distributed. There
/// is neither a teacher nor a stopped gradient.
/// Views are ranked by the first part, which belongs to each image. It is a sum over pairs of views, so the hardest local
/// views for each pair of global ones are found exactly.
public final class LeJEPA: SelfSupervisedMethod {
  /// The `method` section for LeJEPA.
  public struct Configuration: MethodConfiguration {
    /// Linear layers of the projector.
    public var projectorLayers = 3
    /// Width inside the projector.
    public var projectorHidden = 2048
    /// Width of projections.
    public var projectorOutput = 128
    /// λ: the share of SIGReg in the loss, 0 to 1.
    public var regularization = 0.05
    /// Random directions in which projections are tested at each step.
    public var slices = 1024
    /// Points from 0 to 3 at which characteristic functions are compared.
    public var knots = 17

    /// The published setting.
    public init() {}

    /// Widths and counts must be positive and λ a share.
    public func check(with setting: MethodSetting, _ report: inout SettingReport) {
      report.requireCount(projectorLayers, at: CodingKeys.projectorLayers)
      report.requireCount(projectorHidden, at: CodingKeys.projectorHidden)
      report.requireCount(projectorOutput, at: CodingKeys.projectorOutput)
      report.requireShare(regularization, at: CodingKeys.regularization)
      report.requireCount(slices, at: CodingKeys.slices)
      report.require(knots >= 2, at: CodingKeys.knots, reason: "must be at least 2, not \(knots)")
      report.requireBatch(of: 4, in: setting, because: "their distribution is compared with a normal one")
    }
  }

  /// A view's projection.
  public struct Encoding {
    /// `[batch, projectorOutput]`.
    package let projection: Tensor
    /// Whether it is none of those that the others are to be near.
    package let isLocal: Bool

    package init(projection: Tensor, isLocal: Bool = false) {
      self.projection = projection
      self.isLocal = isLocal
    }
  }

  /// "lejepa".
  public static let name = "lejepa"
  /// One line for lists.
  public static let summary = "views near the mean of the global ones, projections kept Gaussian; no teacher"
  /// Local crops are what its published accuracy needs.
  public static let takesLocalViews = true
  /// SIGReg sees the batch.
  public static let couplesBatch = true

  let network: ProjectedBackbone<Sequential>
  private let regularizer: GaussianRegularizer
  private let configuration: Configuration

  /// Builds backbone and projector.
  public init(_ configuration: Configuration, backbone: MakeBackbone, using generator: Generator) {
    self.configuration = configuration
    regularizer = GaussianRegularizer(slices: configuration.slices, knots: configuration.knots)
    network = ProjectedBackbone(
      backbone(.trained), layers: configuration.projectorLayers, hidden: configuration.projectorHidden,
      output: configuration.projectorOutput, using: generator)
  }

  /// The backbone.
  public var encoder: any Backbone { network.backbone }

  /// Projects; views of a size share batch statistics.
  public func encode(_ views: [View], for pass: Pass) -> [Encoding] {
    zip(views, network.outputs(of: views, for: pass, jointly: true)).map {
      Encoding(projection: $1, isLocal: $0.isLocal)
    }
  }

  /// (1 − λ) times the mean squared distance of an image's views from the mean of its global ones.
  public func sampleLosses(_ encodings: [Encoding], in context: StepContext) -> Tensor {
    let mean = Tensor.stacked(encodings.filter { !$0.isLocal }.map(\.projection)).mean(
      along: 0, keepingDimensions: true)
    let distances = Tensor.stacked(encodings.map(\.projection)) - mean
    return (distances * distances).mean(along: 0, 2) * (1 - configuration.regularization)
  }

  /// λ · SIGReg, the mean over views.
  public func batchLoss(_ encodings: [Encoding], in context: StepContext) -> Tensor? {
    guard configuration.regularization > 0 else { return nil }
    let statistics = regularizer(Tensor.stacked(encodings.map(\.projection)), draw: context.draw)
    return (statistics * configuration.regularization).mean()
  }

  /// Squared distances of pairs, weighted so that their sum is that from the mean.
  ///
  /// With G global and L local views the squared distances from the mean are, for the global ones together, Σ(g − g′)²/G
  /// over pairs, and for a local one Σ(l − g)²/G − Σ(g − g′)²/G².
  public func choiceLosses(_ encodings: [Encoding], over space: CandidateSpace, in context: StepContext) -> ViewScores {
    let globals = Double(space.plan.globalSlotCount)
    let locals = Double(space.plan.slotCount) - globals
    let scale = (1 - configuration.regularization) / (globals + locals)
    let zero = Tensor.zeros([encodings[0].projection.shape[0]])
    var table = [[Tensor]](repeating: Array(repeating: zero, count: encodings.count), count: encodings.count)
    for (first, one) in encodings.enumerated() where !one.isLocal {
      for (second, other) in encodings.enumerated() where other.isLocal || second > first {
        let difference = one.projection - other.projection
        let weight = other.isLocal ? 1 / globals : 1 / globals - locals / (globals * globals)
        let term = (difference * difference).mean(along: 1) * (scale * weight)
        (table[first][second], table[second][first]) = (term, term)
      }
    }
    return .additive(PairScores(Tensor.stacked(table.map { .stacked($0) })))
  }

  /// The projection.
  public func embedding(_ encoding: Encoding) -> Tensor { encoding.projection }
}

/// Sketched isotropic Gaussian regularization: how far a batch's distribution is from N(0, I), in random directions.
///
/// In each direction the statistic of Epps and Pulley, N ∫ |φ(t) − e^(−t²/2)|² e^(−t²/2) dt, with φ the empirical
/// characteristic function, by the trapezoidal rule over −3 to 3.
package struct GaussianRegularizer {
  private let slices: Int
  /// From 0 to 3.
  private let points: Tensor
  /// The characteristic function of N(0, 1) there.
  private let normal: Tensor
  /// What a squared error counts there.
  private let weights: Tensor

  /// Prepares to test in some directions at a time, at some points.
  package init(slices: Int, knots: Int) {
    self.slices = slices
    let step = 3 / Double(knots - 1)
    let places = (0..<knots).map { Double($0) * step }
    let values = places.map { exp(-$0 * $0 / 2) }
    points = Tensor(places.map { Float($0) })
    normal = Tensor(values.map { Float($0) })
    // Both functions are even, so each point but 0 counts twice; the trapezoidal rule takes half of the ends.
    weights = Tensor(
      values.enumerated().map { Float($0 == 0 || $0 == knots - 1 ? step * $1 : 2 * step * $1) })
  }

  /// The statistics of some batches, `[views, slices]`.
  ///
  /// - Parameters:
  ///   - rows: `[views, batch, width]`.
  ///   - draw: The directions are a function of it, the same on every worker.
  package func callAsFunction(_ rows: Tensor, draw: BatchDraw) -> Tensor {
    var random = draw.random(ofBatchFor: .directions)
    let directions = Tensor.normal([slices, rows.shape[2]], using: Generator(seed: random.next())).normalized()
    return statistics(of: rows.matmul(directions.transposed()))
  }

  /// The statistic of every sample over the batch of all workers, `[views, batch, samples]` to `[views, samples]`.
  package func statistics(of samples: Tensor) -> Tensor {
    let angles = samples.expandingDimension(at: 3) * points
    let workers = Workers.current
    let means = workers.mean(Tensor.stacked([angles.cosine().mean(along: 1), angles.sine().mean(along: 1)]))
    let parts = means.split(into: 2).map { $0.reshaped(Array(means.shape.dropFirst())) }
    let (real, imaginary) = (parts[0] - normal, parts[1])
    return ((real * real + imaginary * imaginary) * weights).sum(along: 2) * Double(samples.shape[1] * workers.count)
  }
}
