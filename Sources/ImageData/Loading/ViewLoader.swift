import Views

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
  /// - Parameter fingerprints: Told about every image that is read; nil for none.
  public init(
    dataset: any ImageDataset, groups: [DrawnViews], configuration: LoaderConfiguration, skipped: SkippedImages,
    fingerprints: ImageFingerprints? = nil
  ) {
    precondition(dataset.count > 0, "a loader needs at least one image")
    precondition(!groups.isEmpty, "a loader needs at least one group of views")
    configuration.check()
    precondition(
      configuration.weights.map { $0.count == dataset.count } ?? true, "there is one weight for each image")
    source = ViewSource(
      images: SkippingImages(dataset: dataset, skipped: skipped), fingerprints: fingerprints, groups: groups,
      configuration: configuration)
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
    var watch = Stopwatch()
    guard let batch = try pipeline.next() else { return nil }
    return source.batch(batch, waited: watch.lap())
  }

  /// Ends the threads and waits for them; `startEpoch` starts new ones.
  public func stop() { pipeline.stop() }
}
