import Views

/// The images of a dataset, where those that cannot be decoded are recorded.
struct SkippingImages: Sendable {
  let dataset: any ImageDataset
  let skipped: SkippedImages

  /// What `body` makes of the image at `index`, or nil where it cannot be read or decoded.
  ///
  /// - Throws: `LoaderError` when that makes too many.
  func use<Result>(
    _ index: Int, _ body: (any ImageSource) throws(ImageError) -> Result
  ) throws(LoaderError) -> Result? {
    if !skipped.contains(index) {
      do {
        return try body(try dataset.source(at: index))
      } catch {
        skipped.record(SkippedImage(index: index, name: dataset.name(at: index), reason: error.reason))
      }
    }
    try skipped.checkShare(of: dataset.count)
    return nil
  }

  /// What `body` makes of the first image at or after `index`, in the order of the dataset and round its end, that can
  /// be read and decoded.
  func useFirst<Result>(
    from index: Int, _ body: (Int, any ImageSource) throws(ImageError) -> Result
  ) throws(LoaderError) -> Result {
    for candidate in [index..<dataset.count, 0..<index].joined() {
      let result = try use(candidate) { source throws(ImageError) in try body(candidate, source) }
      if let result { return result }
    }
    throw .nothingDecodes(total: dataset.count, examples: Array(skipped.records.prefix(3)))
  }
}
