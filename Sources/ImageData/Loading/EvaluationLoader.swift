import Foundation
import Processors
import Views

/// A batch of images as evaluation sees them.
public struct EvaluationBatch: Sendable {
  /// Where the images are in the dataset, rising; images that could not be decoded are left out.
  public let indices: [Int]
  /// The class of every image of the batch, where the dataset has classes.
  public let labels: [Int]?
  /// `[image]` followed by the shape that the transform renders; then, for each image, the augmented view of a loader
  /// that draws one, `[size][size][channels]`.
  public let pixels: PixelBuffer
}

/// Goes through a dataset once, in its order, rendering each image by a fixed transform.
///
/// What comes out does not depend on the number of threads. Images that cannot be decoded are recorded in `skipped` and
/// left out, so a batch can be smaller than asked for.
public struct EvaluationLoader: Sendable {
  private let source: EvaluationSource
  private let threads: Int

  /// Creates a loader; with 0 threads the work is done between the calls of the body.
  ///
  /// - Parameters:
  ///   - part: The part of the dataset that is gone through, where several workers share it: which of the equal parts that
  ///     follow one another, and of how many.
  ///   - augmentation: Draws one more view of each image, always the same one; nil for none.
  ///   - format: What pixel values are stored as.
  public init(
    dataset: any ImageDataset, part: BatchPart = BatchPart(), transform: EvaluationTransform,
    augmentation: ViewRecipe? = nil, format: PixelFormat = .float32, batchSize: Int,
    threads: Int = ProcessInfo.processInfo.usableProcessorCount, skipped: SkippedImages
  ) {
    precondition(batchSize > 0, "a batch holds at least one image, not \(batchSize)")
    precondition(threads >= 0, "the number of threads cannot be \(threads)")
    source = EvaluationSource(
      images: SkippingImages(dataset: dataset, skipped: skipped), range: part.share(of: dataset.count),
      transform: transform,
      augmentation: augmentation.map { ViewRenderer(recipe: $0, channels: transform.channels, format: format) },
      format: format, batchSize: batchSize)
    self.threads = threads
  }

  /// Calls `body` with every batch, in order, on the caller's thread, while the next two are being made.
  ///
  /// - Throws: What `body` throws, and `LoaderError` when too many images cannot be decoded.
  public func forEachBatch(_ body: (EvaluationBatch) throws -> Void) throws {
    let pipeline = BatchPipeline(source: source, threads: threads, prefetched: 2)
    defer { pipeline.stop() }
    pipeline.start(at: BatchPosition(epoch: 0, batch: 0))
    let labels = source.images.dataset.labels
    var decoded = 0
    while let batch = try pipeline.next() {
      let indices = source.closeGaps(in: batch)
      decoded += indices.count
      guard !indices.isEmpty else { continue }
      try body(
        EvaluationBatch(
          indices: indices, labels: labels.map { labels in indices.map { labels[$0] } }, pixels: batch.pixels))
    }
    let skipped = source.images.skipped
    // Of other parts nothing is known here.
    let total = source.images.dataset.count
    guard decoded > 0 || source.imagesPerEpoch < total || total == 0 else {
      throw LoaderError.nothingDecodes(total: total, examples: Array(skipped.records.prefix(3)))
    }
  }
}

/// Fills batches with images for evaluation.
struct EvaluationSource: BatchSource {
  /// Whether the image could be decoded.
  typealias Sample = Bool

  let images: SkippingImages
  /// Which of the dataset's images.
  let range: Range<Int>
  let transform: EvaluationTransform
  let augmentation: ViewRenderer?
  let format: PixelFormat
  let batchSize: Int

  var repeats: Bool { false }
  var imagesPerEpoch: Int { range.count }
  var part: BatchPart { BatchPart() }
  var batchesPerEpoch: Int { (imagesPerEpoch + batchSize - 1) / batchSize }
  var valuesPerImage: Int { transform.elementCount + (augmentation?.elementCount ?? 0) }

  func order(ofEpoch epoch: Int) -> [Int] { Array(range) }

  func fill(
    _ place: BatchPlace, of pixels: PixelBuffer, scratch: inout RenderScratch
  ) throws(LoaderError) -> Sample {
    let start = place.slot * valuesPerImage
    let output = pixels.bytes(from: start, count: transform.elementCount)
    return try images.use(place.index) { source throws(ImageError) in
      let image = try source.wholeImage()
      try image.checkChannels(transform.channels, name: images.dataset.name(at: place.index))
      transform.render(image, as: format, into: output, scratch: &scratch)
      guard let augmentation else { return }
      var random = ViewRandom(seed: 0, epoch: 0, sample: place.index, view: 0, stream: RandomStream.evaluation)
      let drawn = augmentation.recipe.drawParameters(width: image.width, height: image.height, using: &random)
      augmentation.render(
        ImagePart(image), drawn,
        into: pixels.bytes(from: start + transform.elementCount, count: augmentation.elementCount), scratch: &scratch)
    } != nil
  }

  /// Moves the images that were decoded together and gives their indices.
  func closeGaps(in batch: PendingBatch<Bool>) -> [Int] {
    var kept: [Int] = []
    for (slot, isDecoded) in batch.samples.enumerated() where isDecoded == true {
      if kept.count < slot {
        batch.pixels.move(
          from: slot * valuesPerImage, to: kept.count * valuesPerImage, count: valuesPerImage)
      }
      kept.append(batch.indices[slot])
    }
    batch.pixels.truncate(to: kept.count * valuesPerImage)
    return kept
  }
}
