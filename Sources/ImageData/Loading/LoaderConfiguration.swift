import Foundation
import Processors
import Views

/// The part of every batch that one of several workers loads.
public struct BatchPart: Equatable, Sendable {
  /// Which one, from 0.
  public var number: Int
  /// How many equal parts a batch has.
  public var count: Int

  /// By default the whole batch.
  public init(_ number: Int = 0, of count: Int = 1) {
    self.number = number
    self.count = count
  }

  /// This part of so many things that follow one another; parts differ by one at most.
  package func share(of total: Int) -> Range<Int> { total * number / count..<total * (number + 1) / count }

  /// The places of this part among those of a batch.
  func places(of batch: Range<Int>) -> Range<Int> {
    let size = batch.count / count
    return batch.lowerBound + number * size..<batch.lowerBound + (number + 1) * size
  }
}

/// How a loader makes batches.
public struct LoaderConfiguration: Equatable, Sendable {
  /// Images in a batch, at least 1.
  public var batchSize: Int
  /// The part of each batch that is loaded, where several workers share it: which one, from 0, and of how many.
  public var part = BatchPart()
  /// Threads that decode and render.
  ///
  /// With 0 the work is done in `next()`. The number changes no pixel.
  public var threads: Int
  /// Batches that may be begun ahead of the one that is asked for, at least 1.
  public var prefetchedBatches: Int
  /// Whether an epoch leaves out the images that do not fill its last batch.
  public var dropsLast: Bool
  /// Channels of the views: 1 (gray) or 3 (RGB) of gray and color images alike, or those that all images have.
  public var channels: Int
  /// The format of pixel values.
  public var format: PixelFormat
  /// An image may be decoded at a reduced resolution that leaves each of its crops so many times as wide and high as its
  /// view; 0 decodes every image in full.
  public var decodingMargin: Double
  /// Whether batches keep their decoded images, so that views can be rendered again.
  public var keepsImages: Bool
  /// Images of a sharded dataset among which the next is drawn, at least 1; other datasets are shuffled as a whole.
  public var shuffleBuffer: Int
  /// How often each image is drawn in an epoch, in proportion; nil draws every image once.
  ///
  /// An epoch then has as many images as the dataset, some of them several times and others not at all.
  public var weights: [Double]?
  /// Chooses the order of every epoch and the parameters of every view.
  public var seed: UInt64

  /// Creates a configuration; by default there is a thread for each processor.
  public init(
    batchSize: Int, part: BatchPart = BatchPart(), threads: Int = ProcessInfo.processInfo.usableProcessorCount,
    prefetchedBatches: Int = 2, dropsLast: Bool = true, channels: Int = 3, format: PixelFormat = .float32,
    decodingMargin: Double = 2,
    keepsImages: Bool = false, shuffleBuffer: Int = 8192, weights: [Double]? = nil,
    seed: UInt64 = 0
  ) {
    self.batchSize = batchSize
    self.part = part
    self.threads = threads
    self.prefetchedBatches = prefetchedBatches
    self.dropsLast = dropsLast
    self.channels = channels
    self.format = format
    self.decodingMargin = decodingMargin
    self.keepsImages = keepsImages
    self.shuffleBuffer = shuffleBuffer
    self.weights = weights
    self.seed = seed
  }

  /// Traps where a value is outside its range.
  func check() {
    precondition(batchSize > 0, "a batch holds at least one image, not \(batchSize)")
    precondition(
      (0..<part.count).contains(part.number) && batchSize % part.count == 0 && (part.count == 1 || dropsLast),
      "a batch of \(batchSize) images has no part \(part.number) of \(part.count) equal ones")
    precondition(threads >= 0, "the number of threads cannot be \(threads)")
    precondition(prefetchedBatches > 0, "at least one batch is prefetched, not \(prefetchedBatches)")
    precondition(shuffleBuffer > 0, "the next image is drawn from at least one, not \(shuffleBuffer)")
    if let weights {
      precondition(
        weights.allSatisfy { $0 >= 0 && $0.isFinite } && weights.contains { $0 > 0 },
        "weights are finite and not below 0, and one of them is above")
    }
    precondition(channels > 0, "views have at least one channel, not \(channels)")
  }
}
