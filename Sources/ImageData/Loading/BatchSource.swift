import Views

/// What a pipeline fills its batches with: which images in which order, and how one becomes pixels.
///
/// Everything is a pure function of its arguments, so that neither threads nor resuming change a batch.
protocol BatchSource: Sendable {
  /// What is known of an image of a batch besides its pixels.
  associatedtype Sample: Sendable

  var imagesPerEpoch: Int { get }
  var batchSize: Int { get }
  /// The part of every batch that is filled.
  var part: BatchPart { get }
  var batchesPerEpoch: Int { get }
  /// Values that one image takes in a batch, over all its views.
  var valuesPerImage: Int { get }
  /// What a value is stored as.
  var format: PixelFormat { get }
  /// Whether the next epoch is begun while the last batches of this one are still being used.
  var repeats: Bool { get }

  /// The indices of the dataset in the order of the epoch.
  func order(ofEpoch epoch: Int) -> [Int]
  /// Fills the place of one image in a batch.
  func fill(_ place: BatchPlace, of pixels: PixelBuffer, scratch: inout RenderScratch) throws(LoaderError) -> Sample
}

/// The place of one image in a batch.
struct BatchPlace {
  let epoch: Int
  /// The image's index in the dataset.
  let index: Int
  /// The image's number in the batch.
  let slot: Int
  /// The number of images in the batch.
  let batchCount: Int
}

/// The place of a batch in the run.
struct BatchPosition: Equatable {
  var epoch: Int
  var batch: Int
}

/// A batch on its way: begun, being filled by some threads, or complete.
final class PendingBatch<Sample: Sendable> {
  let position: BatchPosition
  let indices: [Int]
  let pixels: PixelBuffer
  /// The first image that no thread has taken yet.
  var nextSlot = 0
  /// Images that are not finished.
  var unfinished: Int
  /// Filled as images are finished, in any order.
  var samples: [Sample?]
  var failure: LoaderError?

  init(position: BatchPosition, indices: [Int], pixels: PixelBuffer) {
    self.position = position
    self.indices = indices
    self.pixels = pixels
    self.unfinished = indices.count
    self.samples = Array(repeating: nil, count: indices.count)
  }
}
