import Views

/// The images of a dataset, where those that cannot be decoded are recorded.
struct SkippingImages: Sendable {
  let dataset: any ImageDataset
  let skipped: SkippedImages

  /// The image at `index`, or nil where it cannot be decoded.
  ///
  /// - Throws: `LoaderError` when that makes too many.
  func image(at index: Int) throws(LoaderError) -> Image? {
    if !skipped.contains(index) {
      do {
        return try dataset.image(at: index)
      } catch {
        skipped.record(SkippedImage(index: index, name: dataset.name(at: index), reason: error.reason))
      }
    }
    try skipped.checkShare(of: dataset.count)
    return nil
  }

  /// The first image at or after `index`, in the order of the dataset and round its end, that can be decoded.
  func firstImage(from index: Int) throws(LoaderError) -> (index: Int, image: Image) {
    for candidate in [index..<dataset.count, 0..<index].joined() {
      if let image = try image(at: candidate) { return (candidate, image) }
    }
    throw .nothingDecodes(total: dataset.count, examples: Array(skipped.records.prefix(3)))
  }
}
