import Foundation
import HardViewPretraining
import ImageData
import NeuralNetworks
import Torch
import Views

/// Features of images, a row for each image that could be read.
public struct Embeddings {
  /// Which features.
  public let kind: FeatureKind
  /// `[images, features]`, or `[images, places, features]` for patches; float32 on the CPU.
  public let features: Tensor
  /// The images' names: their files, or their places in one.
  public let names: [String]
  /// Where the images are in their dataset.
  public let indices: [Int]
  /// The images' classes, where they have some.
  public let labels: [Int]?
  /// Images that could not be read.
  public let skipped: [SkippedImage]

  /// The number of rows.
  public var count: Int { names.count }

  /// Some of the rows, in a chosen order.
  public func selecting(_ rows: [Int]) -> Embeddings {
    Embeddings(
      kind: kind, features: withDevice(.cpu) { features.selecting(Tensor(rows)) }, names: rows.map { names[$0] },
      indices: rows.map { indices[$0] }, labels: labels.map { labels in rows.map { labels[$0] } }, skipped: skipped)
  }
}

extension VisionEncoder {
  /// Embeds a folder of images, or another dataset, labelled or not.
  ///
  /// Images that cannot be read are left out and listed in `skipped`.
  /// - Parameters:
  ///   - path: A folder or file of images as `pretrain` takes them.
  ///   - split: Which part of it.
  ///   - kind: Which features; nil takes `standardFeatures`.
  /// - Throws: Errors of the data; `LoaderError` where no image can be read; `EncoderError`, `TorchError`.
  public func embed(_ path: String, split: DataSplit = .train, features kind: FeatureKind? = nil) throws -> Embeddings {
    try embed(open(path, split: split), features: kind)
  }

  /// Embeds image files, in their order.
  public func embed(files: [String], features kind: FeatureKind? = nil) throws -> Embeddings {
    try embed(
      ImageFiles(files, options: data.decoding(channels: configuration.backbone.channels)), features: kind)
  }

  /// Embeds the images of a dataset, in its order.
  public func embed(
    _ dataset: any ImageDataset, features kind: FeatureKind? = nil,
    onSkip: @escaping @Sendable (SkippedImage) -> Void = { _ in }
  ) throws -> Embeddings {
    let kind = kind ?? standardFeatures
    let skipped = SkippedImages(maximumShare: 1, onSkip: onSkip)
    var rows: [Tensor] = []
    var indices: [Int] = []
    try forEachBatch(of: dataset, features: kind, skipped: skipped) { positions, features in
      rows.append(features)
      indices += positions
    }
    return Embeddings(
      kind: kind, features: table(rows, of: kind),
      names: indices.map { dataset.name(at: $0) }, indices: indices,
      labels: dataset.labels.map { labels in indices.map { labels[$0] } }, skipped: skipped.records)
  }

  /// Rows of features, none or many, on the CPU.
  func table(_ rows: [Tensor], of kind: FeatureKind) -> Tensor {
    withDevice(.cpu) { rows.isEmpty ? .zeros([0] + rowShape(of: kind)) : .concatenated(rows) }
  }

  /// Calls `body` with the positions and the features, on the CPU, of batch after batch.
  func forEachBatch(
    of dataset: any ImageDataset, features kind: FeatureKind, precision: Precision = .fp32, batchSize: Int = 128,
    skipped: SkippedImages, _ body: ([Int], Tensor) throws -> Void
  ) throws {
    try check(kind)
    try forEachInput(of: dataset, batchSize: batchSize, skipped: skipped) { positions, pixels in
      try body(positions, try features(kind, of: pixels, precision: precision).moved(to: .cpu))
    }
  }

  /// Calls `body` with the positions and the inputs, `[batch, channels, height, width]`, of batch after batch.
  private func forEachInput(
    of dataset: any ImageDataset, batchSize: Int, skipped: SkippedImages, _ body: ([Int], Tensor) throws -> Void
  ) throws {
    let transform = configuration.transform
    let loader = EvaluationLoader(
      dataset: dataset, transform: transform, batchSize: batchSize, threads: data.loaderThreadCount, skipped: skipped)
    try loader.forEachBatch { batch in
      let shape = [batch.indices.count, transform.crop, transform.crop, transform.channels]
      let pixels = Tensor(borrowing: batch.pixels.bytes(), shape: shape, dtype: .float32, owner: batch.pixels)
      try body(batch.indices, pixels.permuted([0, 3, 1, 2]))
    }
  }

  /// How much the class token of each image attends to each patch in the last block; nil for networks without one.
  ///
  /// - Returns: For each image that can be read its position and `[heads, rows, columns]`, on the CPU.
  public func classAttention(of dataset: any ImageDataset) throws -> [(index: Int, weights: Tensor)]? {
    guard let transformer = backbone as? VisionTransformer else { return nil }
    var maps: [(index: Int, weights: Tensor)] = []
    try forEachInput(of: dataset, batchSize: 32, skipped: SkippedImages(maximumShare: 1)) { positions, pixels in
      let weights = try throwingExhaustion {
        withoutGradients { transformer.classAttention(of: pixels.moved(to: .current), in: .evaluate).moved(to: .cpu) }
      }
      for (row, position) in positions.enumerated() {
        maps.append((position, weights.narrowed(along: 0, from: row, count: 1).reshaped(Array(weights.shape[1...]))))
      }
    }
    return maps
  }
}
