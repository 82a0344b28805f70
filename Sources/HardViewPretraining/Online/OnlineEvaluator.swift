import ImageData
import NeuralNetworks
import Optimization
import RepresentationEvaluation
import Torch
import Views

/// Measures an encoder on a sample of images; changes neither the encoder nor any stream of random numbers.
final class OnlineEvaluator {
  private let sample: any ImageDataset
  private let backbone: any Backbone
  private let views: PairedViews
  /// The classes of the sample; nil where there is nothing to tell apart.
  private let labels: [Int]?
  private let neighbours: Int
  private let dtype: DType
  private let skipped = SkippedImages(maximumShare: 1)

  /// What is measured and how: signals of another measure cannot be compared.
  let measure: String

  /// Pixels of the sample are kept in memory up to so many bytes.
  private static let capacity = 768 << 20

  init(_ backbone: any Backbone, on sample: any ImageDataset, _ configuration: ResolvedConfiguration, dtype: DType) {
    let transform = configuration.encoder.transform
    let online = configuration.values.evaluation.online
    self.sample = sample
    self.backbone = backbone
    self.dtype = dtype
    views = PairedViews(
      of: sample, transform: transform, recipe: configuration.views.groups[0].recipe,
      threads: configuration.values.data.loaderThreadCount, capacity: Self.capacity, skipped: skipped)
    labels = Set(sample.labels ?? []).count > 1 ? sample.labels : nil
    neighbours = online.k
    measure =
      "\(sample.count) images, \(labels == nil ? "alignment and uniformity" : "\(online.k)-NN"), "
      + "\(transform.resize)/\(transform.crop) px, held out: \(online.heldOut)"
  }

  /// The signal of the encoder as it is.
  /// - Throws: `LoaderError` where fewer than two images can be decoded; `TorchError` when memory runs out.
  func signal(at position: TrainingProgress) throws -> OnlineSignal {
    let features = try views.features(with: backbone, dtype: dtype)
    guard features.indices.count > 1 else {
      throw LoaderError.nothingDecodes(total: sample.count, examples: Array(skipped.records.prefix(3)))
    }
    let geometry = try EmbeddingGeometry(of: features.centered, others: features.augmented)
    let accuracy = try labels.map { labels in
      var protocolOfPaper = NearestNeighbours()
      protocolOfPaper.neighbours = [min(neighbours, features.indices.count - 1)]
      let images = LabelledFeatures(features: features.centered, labels: features.indices.map { labels[$0] })
      return Accuracy(try protocolOfPaper.outcomes(leavingOneOut: images)[0])
    }
    return OnlineSignal(
      step: position.step, epoch: position.epoch, images: features.indices.count, knn: accuracy?.top1,
      neighbours: accuracy.map { _ in min(neighbours, features.indices.count - 1) }, rank: geometry.rank,
      alignment: geometry.alignment, uniformity: geometry.uniformity, retrieval: geometry.retrieval)
  }
}
