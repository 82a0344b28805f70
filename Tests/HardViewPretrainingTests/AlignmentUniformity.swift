import NeuralNetworks
import Objectives
import RunConfiguration
import Torch

/// Alignment and uniformity on the hypersphere (Wang and Isola 2020, arXiv 2005.10242).
///
/// Loss of a pair: the squared distance of the two embeddings, plus `uniformityWeight` times, of each view, the
/// logarithm of the mean of exp(−2 d²) over its distances d to the other images' views.
/// Differs from the paper in: each image has a logarithm of its own, so that it has a loss of its own.
public final class AlignmentUniformity: PairwiseMethod {
  /// The `method` section.
  public struct Configuration: MethodConfiguration {
    /// Width of embeddings.
    public var projectorOutput = 128
    /// The weight of the second part.
    public var uniformityWeight = 1.0

    /// The published setting.
    public init() {}

    /// Mistakes that types cannot see, found before anything is built.
    public func check(with setting: MethodSetting, _ report: inout SettingReport) {
      report.requireCount(projectorOutput, at: CodingKeys.projectorOutput)
      report.requireBatch(of: 2, in: setting, because: "embeddings are spread over the batch")
    }
  }

  /// A view's embedding, `[batch, projectorOutput]`, of length one.
  public struct Encoding {
    let embedding: Tensor
  }

  /// The name in configurations.
  public static let name = "alignment-uniformity"
  /// One line for `hardviews methods`.
  public static let summary = "equal embeddings of two views, spread evenly over the sphere"
  /// Embeddings are spread over the batch.
  public static let couplesBatch = true

  // Stored modules and parameters are found by reflection: nothing is registered.
  let backbone: any Backbone
  let projector: Linear
  private let configuration: Configuration

  /// Builds the networks; the run's generator draws their weights.
  public init(_ configuration: Configuration, backbone: MakeBackbone, using generator: Generator) {
    self.configuration = configuration
    self.backbone = backbone(.trained)
    projector = Linear(self.backbone.featureCount, configuration.projectorOutput, using: generator)
  }

  /// What is kept after pretraining.
  public var encoder: any Backbone { backbone }

  /// The networks run here, once a view.
  public func encode(_ views: [View], for pass: Pass) -> [Encoding] {
    views.encoded(jointly: pass.isJoint) { pixels in
      [projector(backbone(pixels, in: pass.phase), in: pass.phase).normalized()]
    }.map { Encoding(embedding: $0[0]) }
  }

  /// All that relates views: a term for every pair, and one for every view.
  public func lossTerms(_ encodings: [Encoding], in context: StepContext) -> LossTerms {
    var terms = LossTerms(views: encodings.count)
    for (first, encoding) in encodings.enumerated() {
      for second in (first + 1)..<encodings.count {
        let difference = encoding.embedding - encodings[second].embedding
        terms.append((difference * difference).sum(along: 1), relating: first, second)
      }
      // Of two vectors of length one, d² = 2 − 2 u · v.
      let distances = encoding.embedding.matmul(encoding.embedding.transposed()) * -2.0 + 2.0
      terms.append((distances * -2.0).logSumExponential(along: 1) * configuration.uniformityWeight, of: first)
    }
    return terms
  }

  /// What collapse shows in.
  public func embedding(_ encoding: Encoding) -> Tensor { encoding.embedding }
}
