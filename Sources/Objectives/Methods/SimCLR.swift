import NeuralNetworks
import Optimization
import RunConfiguration
import Torch

/// A simple framework for contrastive learning (Chen and others 2020, arXiv 2002.05709).
///
/// Loss of a view: −s(z, z⁺)/τ + log Σ exp(s(z, ·)/τ) over the positive and the negatives, s the cosine similarity; of a
/// pair the mean of both directions. Negatives are the views in the same two slots of all other images.
/// Differs from the published hard-view code in: similarities come from matrix products, and scores are means of the
/// two directions where the code has sums, which selects the same.
public final class SimCLR: PairwiseMethod {
  /// The `method` section for SimCLR.
  public struct Configuration: MethodConfiguration {
    /// Which views of other images a view is told apart from.
    public enum Negatives: String, Codable, Sendable, CaseIterable {
      /// Those in the two slots of the pair, as published.
      case sameSlots = "same_slots"
      /// All drawn ones; also the other views of the same image.
      case allViews = "all_views"
    }

    /// Width inside the projector; 0 takes the backbone's.
    public var projectorHidden = 0
    /// Width of projections.
    public var projectorOutput = 128
    /// τ: what similarities are divided by.
    public var temperature = 0.1
    /// Which views of other images a view is told apart from.
    public var negatives = Negatives.sameSlots

    /// The published heads for ImageNet.
    public init() {}

    /// Widths and temperature must be positive, and a contrast needs other images.
    public func check(with setting: MethodSetting, _ report: inout SettingReport) {
      report.requirePositive(temperature, at: CodingKeys.temperature)
      report.requireNonNegative(projectorHidden, at: CodingKeys.projectorHidden)
      report.requireCount(projectorOutput, at: CodingKeys.projectorOutput)
      report.requireBatch(of: 4, in: setting, because: "other images of the batch are what views are told apart from")
    }
  }

  /// A view's projection, and what others are to be near instead where that was computed beforehand; both
  /// `[batch, projectorOutput]`, not normalized.
  public struct Encoding {
    package let projection: Tensor
    package let target: Tensor?

    package init(projection: Tensor, target: Tensor? = nil) {
      self.projection = projection
      self.target = target
    }
  }

  /// "simclr".
  public static let name = "simclr"
  /// One line for lists.
  public static let summary = "contrast of two views against the other images of the batch; wants large batches"
  /// Views are told apart from those of the other images.
  public static let couplesBatch = true
  /// The mean of projections.
  public static let averagesTargets = true

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

  /// Projects; both views of a pair share batch statistics, also in training.
  public func encode(_ views: [View], for pass: Pass) -> [Encoding] {
    zip(views, network.outputs(of: views, for: pass, jointly: true)).map {
      Encoding(projection: $1, target: $0.targets.first)
    }
  }

  /// The normalized-temperature cross-entropy of every ordered pair, from the Gram matrix of all views.
  ///
  /// A target that was computed beforehand is the positive instead of the other view.
  public func lossTerms(_ encodings: [Encoding], in context: StepContext) -> LossTerms {
    let units = encodings.map { $0.projection.normalized() }
    let views = units.indices
    let targets = encodings.compactMap { $0.target?.normalized() }
    let isGiven = targets.count == units.count
    let gram = Gram(units, temperature: configuration.temperature, leavesOutPositives: isGiven)
    let everything = views.map { view in
      views.dropFirst().reduce(gram.others[view][0]) { $0.logAddingExponential(gram.others[view][$1]) }
    }
    return LossTerms(Array(views)) { source, target in
      let among =
        configuration.negatives == .allViews
        ? everything[source] : gram.others[source][source].logAddingExponential(gram.others[source][target])
      guard isGiven else { return among - gram.positives[source][target] }
      let positive = (units[source] * targets[target]).sum(along: 1) / configuration.temperature
      return among.logAddingExponential(positive) - positive
    }
  }

  /// The projection.
  public func targets(of encoding: Encoding) -> [Tensor] { [encoding.projection.detached()] }

  /// The projection.
  public func embedding(_ encoding: Encoding) -> Tensor { encoding.projection }
}

/// Similarities of all views of all images, block by block.
private struct Gram {
  /// `positives[n][m]`, `[batch]`: the similarity of an image's views n and m.
  private(set) var positives: [[Tensor]]
  /// `others[n][m]`, `[batch]`: log Σ exp of the similarities of an image's view n to view m of all workers' images; for n = m, or
  /// where positives are left out, without that of the image.
  private(set) var others: [[Tensor]]

  /// - Parameter units: For each view vectors of length one, `[batch, width]`.
  init(_ units: [Tensor], temperature: Double, leavesOutPositives: Bool) {
    let empty = [Tensor?](repeating: nil, count: units.count)
    var positives = [[Tensor?]](repeating: empty, count: units.count)
    var others = positives
    let workers = Workers.current
    let (all, batch) = (units.gathered(), units[0].shape[0])
    let own = Tensor.identity(batch * workers.count).narrowed(along: 0, from: batch * workers.rank, count: batch) * 1e9
    /// Similarities of this worker's images to those of all workers.
    func block(_ first: Int, _ second: Int) -> Tensor {
      let block = units[first].matmul(all[second].transposed()) / temperature
      // A view is no negative of itself.
      return first == second || leavesOutPositives ? block - own : block
    }
    for first in units.indices {
      for second in first..<units.count {
        let similarities = block(first, second)
        let positive = (units[first] * units[second]).sum(along: 1) / temperature
        positives[first][second] = positive
        positives[second][first] = positive
        others[first][second] = similarities.logSumExponential(along: 1)
        guard first != second else { continue }
        others[second][first] =
          workers.count == 1
          ? similarities.logSumExponential(along: 0) : block(second, first).logSumExponential(along: 1)
      }
    }
    self.positives = positives.map { $0.map { $0! } }
    self.others = others.map { $0.map { $0! } }
  }
}
