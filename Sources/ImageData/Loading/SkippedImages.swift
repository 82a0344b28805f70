import Synchronization

/// An image that was left out because it could not be decoded.
public struct SkippedImage: Codable, Equatable, Sendable {
  /// Its place in the dataset.
  public let index: Int
  /// Its file, or its place in one.
  public let name: String
  /// The problem.
  public let reason: String

  /// Describes the image at `index` of a dataset.
  public init(index: Int, name: String, reason: String) {
    self.index = index
    self.name = name
    self.reason = reason
  }
}

/// The images of one dataset that could not be decoded, each recorded once and never tried again.
///
/// May be shared by loaders of the same dataset and used from any thread.
public final class SkippedImages: Sendable {
  /// The largest share (0...1) of the dataset that may be skipped before a loader gives up.
  public let maximumShare: Double

  private let images = Mutex<[Int: SkippedImage]>([:])
  private let onSkip: (@Sendable (SkippedImage) -> Void)?
  private let reporting = Mutex(())

  /// Creates an empty record.
  ///
  /// - Parameters:
  ///   - maximumShare: The largest share of the dataset that may be skipped.
  ///   - onSkip: Called once for each image that is skipped, one call at a time, on a thread of the loader. It must not
  ///     use the loader.
  public init(maximumShare: Double = 0.1, onSkip: (@Sendable (SkippedImage) -> Void)? = nil) {
    precondition((0...1).contains(maximumShare), "maximumShare must be between 0 and 1, not \(maximumShare)")
    self.maximumShare = maximumShare
    self.onSkip = onSkip
  }

  /// How many images have been skipped so far.
  public var count: Int { images.withLock { $0.count } }

  /// The images skipped so far, in the order of the dataset.
  public var records: [SkippedImage] {
    images.withLock { images in images.values.sorted { $0.index < $1.index } }
  }

  /// Whether the image at `index` is known not to decode.
  func contains(_ index: Int) -> Bool { images.withLock { $0[index] != nil } }

  /// Adds what other workers had to leave out of the same dataset.
  ///
  /// - Parameter total: Images of the dataset.
  /// - Throws: `LoaderError` where all of them together are more than may be skipped.
  public func add(_ others: [SkippedImage], of total: Int) throws(LoaderError) {
    for image in others { record(image) }
    try checkShare(of: total)
  }

  /// Records the image unless it was recorded before.
  func record(_ image: SkippedImage) {
    let isNew = images.withLock { $0.updateValue($0[image.index] ?? image, forKey: image.index) == nil }
    if isNew, let onSkip { reporting.withLock { _ in onSkip(image) } }
  }

  /// Throws when more of a dataset of `total` images was skipped than may be.
  func checkShare(of total: Int) throws(LoaderError) {
    let count = count
    guard Double(count) > maximumShare * Double(total) else { return }
    throw .tooManySkipped(
      count: count, total: total, maximumShare: maximumShare, examples: Array(records.prefix(3)))
  }
}
