import Encoders
import Foundation
import HardViewPretraining
import ImageData
import RepresentationEvaluation
import RunRecords
import Torch

/// What a run's encoder makes of some of its images.
struct EmbeddedImages {
  /// An image, and others by how similar they are to it.
  struct Neighborhood {
    var image: Int
    var neighbors: [(image: Int, similarity: Double)]
  }

  /// The images that were embedded, evenly spread over the data.
  let embeddings: Embeddings
  /// Their dataset, which `embeddings.indices` are places in.
  let sample: Subset
  /// Places in a plane, one for each image: by neighbors, and by principal components.
  let (map, components): ([(x: Double, y: Double)], [(x: Double, y: Double)])
  /// The shares of variance of the two principal components.
  let shares: [Double]
  /// Some images and their nearest ones.
  let neighborhoods: [Neighborhood]
  /// Pairs of images that are most alike.
  let pairs: [(first: Int, second: Int, similarity: Double)]
  /// Images that are least like their neighbors, with the mean similarity to the nearest five.
  let outliers: [(image: Int, similarity: Double)]
  /// For some images how much the class token attends to each patch, `[heads][rows][columns]`; empty for networks
  /// without one.
  let attention: [(image: Int, heads: [[[Double]]])]

  private static let (shownNeighborhoods, shownNeighbors, shown, shownAttention) = (6, 6, 6, 4)

  /// Embeds at most `limit` images.
  ///
  /// Nil where there is no encoder yet, or there are fewer than eight images.
  /// - Throws: Errors of the encoder and the images.
  init?(of run: RecordedRun, _ dataset: any ImageDataset, limit: Int, components known: Components) throws {
    guard FileManager.default.fileExists(atPath: run.directory.encoderPath) else { return nil }
    let encoder = try VisionEncoder(run.directory.path, components: known)
    Engine.setThreadCount(encoder.threads)
    let count = min(limit, dataset.count)
    let sample = Subset(dataset, indices: (0..<count).map { $0 * dataset.count / count })
    let embeddings = try encoder.embed(sample)
    guard embeddings.count >= 8 else { return nil }
    self.embeddings = embeddings
    self.sample = sample
    let features = embeddings.features
    let principal = try EmbeddingMap.principalComponents(of: features)
    func places(_ tensor: Tensor) -> [(x: Double, y: Double)] {
      let values = tensor.scalars(as: Double.self)
      return (0..<values.count / 2).map { (values[2 * $0], values[2 * $0 + 1]) }
    }
    (components, shares) = (places(principal.places), principal.shares)
    map = places(try EmbeddingMap.neighborEmbedding(of: features))
    let all = try embeddings.neighbours(of: embeddings, count: max(5, Self.shownNeighbors))
    let rows = Dictionary(zip(embeddings.indices, 0...)) { first, _ in first }
    let near = all.map { $0.map { (image: rows[$0.index]!, similarity: $0.similarity) } }
    let step = max(1, embeddings.count / Self.shownNeighborhoods)
    let neighborhoods = stride(from: step / 2, to: embeddings.count, by: step).prefix(Self.shownNeighborhoods).map {
      Neighborhood(image: $0, neighbors: Array(near[$0].prefix(Self.shownNeighbors)))
    }
    self.neighborhoods = neighborhoods
    pairs = near.enumerated().compactMap { image, own in
      own.first.flatMap { nearest in
        // Of two that are nearest to one another, one pair.
        near[nearest.image].first?.image == image && nearest.image < image
          ? nil : (first: image, second: nearest.image, similarity: nearest.similarity)
      }
    }.sorted { $0.similarity > $1.similarity }.prefix(Self.shown).map { $0 }
    outliers = near.enumerated().map { image, own in
      let nearest = own.prefix(5)
      return (image: image, similarity: nearest.reduce(0) { $0 + $1.similarity } / Double(max(nearest.count, 1)))
    }.sorted { $0.similarity < $1.similarity }.prefix(Self.shown).map { $0 }
    let attended = Subset(
      sample, indices: neighborhoods.prefix(Self.shownAttention).map { embeddings.indices[$0.image] })
    attention = try (encoder.classAttention(of: attended) ?? []).map { place, weights in
      let (rows, columns) = (weights.shape[1], weights.shape[2])
      let values = weights.scalars(as: Double.self)
      return (
        image: neighborhoods[place].image,
        heads: (0..<weights.shape[0]).map { head in
          (0..<rows).map { row in
            (0..<columns).map { values[(head * rows + row) * columns + $0] }
          }
        }
      )
    }
  }
}
