/// The rows of a crop as 8-bit pixels of the wanted number of channels, readable one byte beyond their end.
struct SourceRows {
  /// Where four rows start.
  typealias Four = (UnsafePointer<UInt8>, UnsafePointer<UInt8>, UnsafePointer<UInt8>, UnsafePointer<UInt8>)

  /// Values in a row.
  let rowCount: Int
  private let origin: UnsafePointer<UInt8>
  private let rowStride: Int
  private let lastRow: UnsafePointer<UInt8>
  private let height: Int

  /// The rows of `box`; valid as long as `pixels` and until the buffers are used for another crop.
  init(
    _ image: Image, pixels: UnsafePointer<UInt8>, box: CropBox, channelCount: Int, buffers: RenderScratch.Buffers
  ) {
    let imageStride = image.width * image.channels
    let start = pixels + box.top * imageStride + box.left * image.channels
    height = box.height
    rowCount = box.width * channelCount
    if channelCount < image.channels {
      let luma = buffers.sourceBytes.reserve(box.area)
      for y in 0..<height {
        Luma.convert(start + y * imageStride, count: box.width, into: luma + y * box.width)
      }
      origin = UnsafePointer(luma)
      rowStride = box.width
    } else {
      origin = start
      rowStride = imageStride
    }
    let last = origin + (height - 1) * rowStride
    if channelCount == 3 && box.top + box.height == image.height {
      // Nothing that may be read follows this row.
      let copy = buffers.sourceBytes.reserve(rowCount + 1)
      copy.update(from: last, count: rowCount)
      lastRow = UnsafePointer(copy)
    } else {
      lastRow = last
    }
  }

  /// Four rows; those below the crop are its last row.
  func fourRows(from first: Int) -> Four { (row(first), row(first + 1), row(first + 2), row(first + 3)) }

  private func row(_ index: Int) -> UnsafePointer<UInt8> {
    index < height - 1 ? origin + index * rowStride : lastRow
  }

  /// Writes the weighted sum of `count` neighboring rows as 8-bit values.
  ///
  /// - Parameter sums: Room for the sums of one row.
  func blend(
    from first: Int, weights: UnsafePointer<Int32>, count: Int, sums: UnsafeMutablePointer<Int32>,
    into target: UnsafeMutablePointer<UInt8>
  ) {
    sums.update(repeating: ResamplingTaps.half, count: rowCount)
    for tap in 0..<count {
      let (row, weight) = (row(first + tap), weights[tap])
      for x in 0..<rowCount { sums[x] &+= Int32(row[x]) &* weight }
    }
    for x in 0..<rowCount {
      target[x] = UInt8(truncatingIfNeeded: max(0, min(255, sums[x] &>> ResamplingTaps.fractionBits)))
    }
  }
}
