import ImageData
import NeuralNetworks
import Torch
import Views

/// Two fixed views of each image of a dataset: the middle of it, as evaluation sees it, and one augmented view.
///
/// The augmented view of an image depends on the recipe and on the image's position alone. Pixels are rendered once and
/// kept where they fit, in 16 bits. Of several workers, each has a part of the images.
public final class PairedViews {
  private let dataset: any ImageDataset
  private let skipped: SkippedImages
  private let pass = DividedPass()
  private let loader: EvaluationLoader
  private let sizes: [Int]
  private let channels: Int
  private var kept: [EvaluationBatch]?
  private let fits: Bool

  private static let batchSize = 256
  private static let format = PixelFormat.bfloat16

  /// Describes views; nothing is read yet.
  ///
  /// - Parameters:
  ///   - dataset: The images.
  ///   - transform: How evaluation sees an image.
  ///   - recipe: Draws the augmented views.
  ///   - threads: Threads that decode and render.
  ///   - capacity: Pixels are kept in memory where all of them take at most so many bytes, else rendered every time.
  ///   - skipped: Records images that cannot be decoded.
  public init(
    of dataset: any ImageDataset, transform: EvaluationTransform, recipe: ViewRecipe, threads: Int, capacity: Int,
    skipped: SkippedImages
  ) {
    self.dataset = dataset
    self.skipped = skipped
    loader = EvaluationLoader(
      dataset: dataset, part: pass.part, transform: transform, augmentation: recipe, format: Self.format,
      batchSize: Self.batchSize, threads: threads, skipped: skipped)
    sizes = [transform.crop, recipe.size]
    channels = transform.channels
    fits =
      dataset.count / pass.part.count * sizes.reduce(0) { $0 + $1 * $1 } * channels * Self.format.byteCount <= capacity
  }

  /// Runs a backbone over both views of every image, with running statistics and without gradients; changes no statistic
  /// and no stream of random numbers.
  /// - Throws: `LoaderError` where no image can be decoded; `TorchError` when memory runs out.
  public func features(with backbone: any Backbone, dtype: DType) throws -> PairedFeatures {
    let (indices, tables) = try pass.all(of: dataset, skipped: skipped) {
      var batches: [[Tensor]] = [[], []]
      var indices: [Int] = []
      try forEachBatch { batch in
        indices += batch.indices
        for (view, pixels) in pixels(of: batch).enumerated() {
          batches[view].append(try backbone.frozenFeatures(of: pixels, dtype: dtype))
        }
      }
      return (indices, batches)
    }
    return PairedFeatures(indices: indices, centered: tables[0], augmented: tables[1])
  }

  private func forEachBatch(_ body: (EvaluationBatch) throws -> Void) throws {
    if let kept { return try kept.forEach(body) }
    var batches: [EvaluationBatch] = []
    try loader.forEachBatch { batch in
      try body(batch)
      if fits { batches.append(batch) }
    }
    if fits { kept = batches }
  }

  /// Both views of a batch's images, `[images, height, width, channels]`.
  private func pixels(of batch: EvaluationBatch) -> [Tensor] {
    let count = batch.indices.count
    let lengths = sizes.map { $0 * $0 * channels }
    let values = Tensor(
      borrowing: batch.pixels.bytes(), shape: [count, lengths[0] + lengths[1]], dtype: .bfloat16, owner: batch.pixels)
    return sizes.indices.map { view in
      values.narrowed(along: 1, from: view == 0 ? 0 : lengths[0], count: lengths[view]).converted(to: .float32)
        .reshaped([count, sizes[view], sizes[view], channels])
    }
  }
}

/// Features of two fixed views of each image.
public struct PairedFeatures {
  /// Where the images are in the dataset, rising; those that cannot be decoded are missing.
  public var indices: [Int]
  /// Of the middles, `[images, features]`, float32.
  public var centered: Tensor
  /// Of the augmented views, `[images, features]`, float32.
  public var augmented: Tensor
}
