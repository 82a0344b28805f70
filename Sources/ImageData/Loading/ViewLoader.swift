import Foundation
import Views

/// The views of one batch of images.
public struct ViewBatch: Sendable {
  /// The batch's number in its epoch, from 0.
  public let step: Int
  /// Where the images are in the dataset; a replacement's own index where an image could not be decoded.
  public let indices: [Int]
  /// How each view was made: `[view][image]`.
  public let parameters: [[ViewParameters]]
  /// `[view][image][size][size][channels]`, as the recipe normalizes them.
  public let pixels: PixelBuffer
  /// Side of the views in pixels.
  public let size: Int
  /// 1 (gray) or 3 (RGB).
  public let channels: Int
  /// How long `next()` waited for this batch; the whole of its making where the loader has no threads.
  public let secondsWaited: Double
}

/// Draws and renders views of a dataset's images, epoch after epoch, ahead of the training loop.
///
/// The order of an epoch is a shuffle that depends on seed and epoch alone, and the parameters of a view depend on
/// seed, epoch, image and view alone (`ViewRandom`). So batches are bit-identical for any number of threads, and an
/// epoch that is resumed at a batch goes on exactly as it would have.
///
/// An image that cannot be decoded is recorded once in `skipped`, and its place is taken by the next one in the order
/// of the dataset that can be, after the last by the first. The replacement's views are those it has in this epoch
/// wherever it appears.
public final class ViewLoader: Sendable {
  private let source: ViewSource
  private let pipeline: BatchPipeline<ViewSource>

  /// Creates a loader; nothing is read before the first epoch is started.
  public init(
    dataset: any ImageDataset, recipe: ViewRecipe, configuration: LoaderConfiguration, skipped: SkippedImages
  ) {
    precondition(dataset.count > 0, "a loader needs at least one image")
    configuration.check()
    source = ViewSource(
      images: SkippingImages(dataset: dataset, skipped: skipped), recipe: recipe, configuration: configuration)
    pipeline = BatchPipeline(
      source: source, threads: configuration.threads, prefetched: configuration.prefetchedBatches)
  }

  deinit { pipeline.stop() }

  /// The number of batches in an epoch; 0 where the dataset is smaller than a batch and `dropsLast` is set.
  public var batchesPerEpoch: Int { source.batchesPerEpoch }

  /// How many threads are alive.
  package var threadsAlive: Int { pipeline.threadsAlive }

  /// Makes batch `batch` of `epoch` the next one, whatever was loaded before.
  ///
  /// Batches prefetched for exactly that place are kept, so that one epoch follows another without a pause.
  public func startEpoch(_ epoch: Int, atBatch batch: Int = 0) {
    precondition(
      epoch >= 0 && batch >= 0 && batch <= batchesPerEpoch,
      "batch \(batch) of epoch \(epoch) does not exist; an epoch has \(batchesPerEpoch) batches")
    pipeline.start(at: BatchPosition(epoch: epoch, batch: batch))
  }

  /// The next batch; nil when the epoch is over or the loader was stopped.
  ///
  /// Waits until the batch is complete.
  ///
  /// - Throws: `LoaderError` when too many images cannot be decoded; again at every further call.
  public func next() throws(LoaderError) -> ViewBatch? {
    let start = ContinuousClock.now
    guard let batch = try pipeline.next() else { return nil }
    let samples = batch.samples.map { $0! }
    return ViewBatch(
      step: batch.position.batch, indices: samples.map(\.index),
      parameters: (0..<source.configuration.viewsPerImage).map { view in samples.map { $0.parameters[view] } },
      pixels: batch.pixels, size: source.recipe.size, channels: source.configuration.channels,
      secondsWaited: (ContinuousClock.now - start) / .seconds(1))
  }

  /// Ends the threads and waits for them; `startEpoch` starts new ones.
  public func stop() { pipeline.stop() }
}

/// Fills batches with views.
struct ViewSource: BatchSource {
  struct Sample {
    let index: Int
    let parameters: [ViewParameters]
  }

  let images: SkippingImages
  let recipe: ViewRecipe
  let configuration: LoaderConfiguration
  let renderer: ViewRenderer

  init(images: SkippingImages, recipe: ViewRecipe, configuration: LoaderConfiguration) {
    self.images = images
    self.recipe = recipe
    self.configuration = configuration
    renderer = ViewRenderer(recipe: recipe, channels: configuration.channels)
  }

  var repeats: Bool { true }
  var batchSize: Int { configuration.batchSize }
  var valuesPerImage: Int { configuration.viewsPerImage * renderer.elementCount }
  var imagesPerEpoch: Int {
    let count = images.dataset.count
    return configuration.dropsLast ? count - count % batchSize : count
  }
  var batchesPerEpoch: Int { (imagesPerEpoch + batchSize - 1) / batchSize }

  func order(ofEpoch epoch: Int) -> [Int] {
    var random = ViewRandom(
      seed: configuration.seed, epoch: epoch, sample: 0, view: 0, stream: RandomStream.epochOrder)
    return EpochOrder.order(
      count: images.dataset.count, shards: images.dataset.shards, buffer: configuration.shuffleBuffer, using: &random)
  }

  func fill(
    _ place: BatchPlace, of pixels: PixelBuffer, scratch: inout RenderScratch
  ) throws(LoaderError) -> Sample {
    let (index, image) = try images.firstImage(from: place.index)
    let parameters = (0..<configuration.viewsPerImage).map { view in
      var random = ViewRandom(seed: configuration.seed, epoch: place.epoch, sample: index, view: view)
      let parameters = recipe.drawParameters(width: image.width, height: image.height, using: &random)
      let start = (view * place.batchCount + place.slot) * renderer.elementCount
      renderer.render(
        image, parameters,
        into: UnsafeMutableBufferPointer(start: pixels.base + start, count: renderer.elementCount), scratch: &scratch)
      return parameters
    }
    return Sample(index: index, parameters: parameters)
  }
}
