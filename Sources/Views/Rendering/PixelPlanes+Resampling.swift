/// A part of an image and the size it is resampled to.
package struct Resampling {
  /// The part of the image that is seen; pixels outside of it never contribute.
  package var box: CropBox
  /// Height and width the whole box is resized to.
  package var fullSize: (height: Int, width: Int)
  /// The rows of the resized box that are wanted.
  package var rows: Range<Int>
  /// The columns of the resized box that are wanted.
  package var columns: Range<Int>
  /// The filter.
  package var interpolation: Interpolation
  /// Whether the result is mirrored left to right.
  package var isFlipped = false

  /// The whole box, resized to `height` × `width`.
  package init(_ box: CropBox, height: Int, width: Int, interpolation: Interpolation, isFlipped: Bool = false) {
    self.box = box
    fullSize = (height, width)
    rows = 0..<height
    columns = 0..<width
    self.interpolation = interpolation
    self.isFlipped = isFlipped
  }
}

extension PixelPlanes {
  /// Planes of a part of an image, resized with antialiasing as PIL's `Image.resize`: first along rows, then along
  /// columns, each rounded to 8 bits.
  ///
  /// - Parameter channelCount: 1 or 3. One channel of a color image is its luma; a gray image always gives one.
  package init(_ image: Image, _ resampling: Resampling, channelCount: Int, scratch: inout RenderScratch) {
    let box = resampling.box
    precondition(
      box.top >= 0 && box.left >= 0 && box.height > 0 && box.width > 0 && box.top + box.height <= image.height
        && box.left + box.width <= image.width,
      "The crop \(box) is not inside the image of \(image.width)×\(image.height) pixels.")
    let channels = min(channelCount, image.channels)
    self.init(
      width: resampling.columns.count, height: resampling.rows.count, channelCount: channels, scratch: &scratch)
    let buffers = scratch.buffers
    let columns = ResamplingTaps(
      from: box.width, to: resampling.fullSize.width, outputs: resampling.columns,
      interpolation: resampling.interpolation, isReversed: resampling.isFlipped, startBuffer: &buffers.columnStarts,
      weightBuffer: &buffers.columnWeights)
    let rows = ResamplingTaps(
      from: box.height, to: resampling.fullSize.height, outputs: resampling.rows,
      interpolation: resampling.interpolation, isReversed: false, startBuffer: &buffers.rowStarts,
      weightBuffer: &buffers.rowWeights)
    image.pixels.withUnsafeBufferPointer { pixels in
      let source = SourceRows(
        image: image, pixels: pixels.baseAddress!, box: box, channelCount: channels,
        copy: buffers.sourceRow.reserve(box.width * 3 + 4))
      resample(source, columns: columns, rows: rows, buffers: buffers)
    }
  }

  /// Keeps a ring of the rows, already resampled along x, that the current output row needs.
  private func resample(
    _ source: SourceRows, columns: ResamplingTaps, rows: ResamplingTaps, buffers: RenderScratch.Buffers
  ) {
    let rowCount = paddedToLanes(width * channelCount + 1)
    let ring = buffers.resampledRows.reserve(rowCount * rows.tapCount)
    let blended = buffers.blendedRow.reserve(rowCount)
    var nextRow = 0
    for y in 0..<height {
      let start = rows.starts[y]
      for sourceRow in max(nextRow, start)..<max(nextRow, start + rows.tapCount) {
        let target = ring + (sourceRow % rows.tapCount) * rowCount
        if channelCount == 3 {
          Self.resampleColorRow(source.row(sourceRow), columns, into: target)
        } else {
          Self.resampleGrayRow(source.row(sourceRow), columns, into: target)
        }
      }
      nextRow = max(nextRow, start + rows.tapCount)
      let target = channelCount == 3 ? blended : row(0, y)
      let weights = rows.weights + y * rows.tapCount
      for x in Swift.stride(from: 0, to: channelCount == 3 ? rowCount : stride, by: 16) {
        var sum = Lanes(repeating: 0.5)
        var ringRow = start % rows.tapCount
        for tap in 0..<rows.tapCount {
          sum.addProduct(ring.lanes(at: ringRow * rowCount + x), weights[tap])
          ringRow = ringRow + 1 == rows.tapCount ? 0 : ringRow + 1
        }
        target.store(sum.rounded(.down).clampedToByte(), at: x)
      }
      if channelCount == 3 { deinterleave(blended, intoRow: y) }
    }
  }

  /// Resamples interleaved color along x; writes one value beyond the last.
  private static func resampleColorRow(
    _ source: UnsafePointer<UInt8>, _ taps: ResamplingTaps, into target: UnsafeMutablePointer<Float>
  ) {
    for x in 0..<taps.outputCount {
      let pixels = UnsafeRawPointer(source + taps.starts[x] * 3)
      let weights = taps.weights + x * taps.tapCount
      var sum = SIMD4<Float>(repeating: 0.5)
      for tap in 0..<taps.tapCount {
        let pixel = SIMD4<Float>(pixels.loadUnaligned(fromByteOffset: tap * 3, as: SIMD4<UInt8>.self))
        sum.addProduct(pixel, weights[tap])
      }
      UnsafeMutableRawPointer(target + x * 3).storeBytes(
        of: sum.rounded(.down).clampedToByte(), as: SIMD4<Float>.self)
    }
  }

  private static func resampleGrayRow(
    _ source: UnsafePointer<UInt8>, _ taps: ResamplingTaps, into target: UnsafeMutablePointer<Float>
  ) {
    for x in 0..<taps.outputCount {
      let pixels = source + taps.starts[x]
      let weights = taps.weights + x * taps.tapCount
      var sum: Float = 0.5
      for tap in 0..<taps.tapCount { sum.addProduct(Float(pixels[tap]), weights[tap]) }
      target[x] = min(max(sum.rounded(.down), 0), 255)
    }
  }

  private func deinterleave(_ colors: UnsafePointer<Float>, intoRow y: Int) {
    let (red, green, blue) = (row(0, y), row(1, y), row(2, y))
    for x in 0..<width {
      red[x] = colors[3 * x]
      green[x] = colors[3 * x + 1]
      blue[x] = colors[3 * x + 2]
    }
  }
}

/// The rows of a crop as 8-bit pixels of the wanted number of channels, readable one byte beyond their end.
private struct SourceRows {
  private let origin: UnsafePointer<UInt8>
  private let rowStride: Int
  private let width: Int
  private let isConverting: Bool
  /// The row that nothing follows in memory, if it belongs to the crop.
  private let lastRow: Int?
  private let copy: UnsafeMutablePointer<UInt8>

  init(
    image: Image, pixels: UnsafePointer<UInt8>, box: CropBox, channelCount: Int, copy: UnsafeMutablePointer<UInt8>
  ) {
    rowStride = image.width * image.channels
    origin = pixels + box.top * rowStride + box.left * image.channels
    width = box.width
    isConverting = channelCount == 1 && image.channels == 3
    lastRow = channelCount == 3 && box.top + box.height == image.height ? box.height - 1 : nil
    self.copy = copy
  }

  func row(_ y: Int) -> UnsafePointer<UInt8> {
    let row = origin + y * rowStride
    if isConverting {
      Luma.convert(row, count: width, into: copy)
    } else if y == lastRow {
      copy.update(from: row, count: width * 3)
    } else {
      return row
    }
    return UnsafePointer(copy)
  }
}
