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
  /// - Parameters:
  ///   - sums: Room for the sums of one row.
  ///   - target: Room for one row.
  func blend(
    from first: Int, weights: UnsafePointer<Int32>, count: Int, sums: UnsafeMutablePointer<Int32>,
    into target: UnsafeMutablePointer<UInt8>
  ) {
    let start = UnsafeRawPointer(origin + first * rowStride)
    // A cache line at a time, in four sums that do not wait for each other.
    let wide = rowCount & ~63
    for x in stride(from: 0, to: wide, by: 64) {
      let half = RowSums(repeating: ResamplingTaps.half)
      var (sum0, sum1, sum2, sum3) = (half, half, half, half)
      var place = start + x
      for tap in 0..<count {
        let weight = RowSums(repeating: weights[tap])
        sum0 &+= Self.values(place) &* weight
        sum1 &+= Self.values(place + 16) &* weight
        sum2 &+= Self.values(place + 32) &* weight
        sum3 &+= Self.values(place + 48) &* weight
        place += rowStride
      }
      let output = UnsafeMutableRawPointer(sums + x)
      output.storeBytes(of: sum0, as: RowSums.self)
      output.storeBytes(of: sum1, toByteOffset: 64, as: RowSums.self)
      output.storeBytes(of: sum2, toByteOffset: 128, as: RowSums.self)
      output.storeBytes(of: sum3, toByteOffset: 192, as: RowSums.self)
    }
    for x in wide..<rowCount {
      var sum = ResamplingTaps.half
      for tap in 0..<count { sum &+= Int32(origin[(first + tap) * rowStride + x]) &* weights[tap] }
      sums[x] = sum
    }
    for x in 0..<rowCount {
      target[x] = UInt8(truncatingIfNeeded: max(0, min(255, sums[x] &>> ResamplingTaps.fractionBits)))
    }
  }

  private typealias RowSums = SIMD16<Int32>

  /// Sixteen neighboring values.
  @_transparent
  private static func values(_ place: UnsafeRawPointer) -> RowSums {
    RowSums(truncatingIfNeeded: place.loadUnaligned(as: SIMD16<UInt8>.self))
  }
}
