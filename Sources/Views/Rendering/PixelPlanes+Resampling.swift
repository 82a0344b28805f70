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
      weightBuffer: &buffers.columnWeights, filterBuffer: &buffers.filter)
    let rows = ResamplingTaps(
      from: box.height, to: resampling.fullSize.height, outputs: resampling.rows,
      interpolation: resampling.interpolation, isReversed: false, startBuffer: &buffers.rowStarts,
      weightBuffer: &buffers.rowWeights, filterBuffer: &buffers.filter)
    image.pixels.withUnsafeBufferPointer { pixels in
      let source = SourceRows(
        image, pixels: pixels.baseAddress!, box: box, channelCount: channels, buffer: &buffers.sourceRows)
      resample(source, columns: columns, rows: rows, buffers: buffers)
    }
  }

  /// Resamples four source rows at a time along x into a window of rows, and output rows from the window along y.
  private func resample(
    _ source: SourceRows, columns: ResamplingTaps, rows: ResamplingTaps, buffers: RenderScratch.Buffers
  ) {
    let window = RowWindow(
      rowStride: paddedToLanes(width * channelCount + 1), neededRows: rows.tapCount, buffer: &buffers.resampledRows)
    let blended = buffers.blendedRow.reserve(window.rowStride)
    var (firstRow, endRow) = (0, 0)
    for y in 0..<height {
      let start = rows.starts[y]
      while endRow < start + rows.tapCount {
        if endRow + 4 - firstRow > window.capacity {
          window.move(rows: (start - firstRow)..<(endRow - firstRow))
          firstRow = start
        }
        let target = window.row(endRow - firstRow)
        if channelCount == 3 {
          Self.resampleColor(source.fourRows(from: endRow), columns, into: target, rowStride: window.rowStride)
        } else {
          Self.resampleGray(source.fourRows(from: endRow), columns, into: target, rowStride: window.rowStride)
        }
        window.cutOff(fourRowsFrom: endRow - firstRow)
        endRow += 4
      }
      let target = channelCount == 3 ? blended : row(0, y)
      window.blend(
        from: start - firstRow, weights: rows.weights + y * rows.tapCount, count: rows.tapCount, into: target,
        valueCount: channelCount == 3 ? window.rowStride : stride)
      if channelCount == 3 { deinterleave(blended, intoRow: y) }
    }
  }

  /// Four rows of interleaved color resampled along x, with the weights' fraction yet to be cut off; writes one value
  /// beyond the last of each row.
  private static func resampleColor(
    _ sources: SourceRows.Four, _ taps: ResamplingTaps, into target: UnsafeMutablePointer<Int32>, rowStride: Int
  ) {
    for x in 0..<taps.outputCount {
      var byte = taps.starts[x] * 3
      let weights = taps.weights + x * taps.tapCount
      let half = SIMD4<Int32>(repeating: ResamplingTaps.half)
      var (first, second, third, fourth) = (half, half, half, half)
      for tap in 0..<taps.tapCount {
        let weight = SIMD4<Int32>(repeating: weights[tap])
        first &+= color(sources.0 + byte) &* weight
        second &+= color(sources.1 + byte) &* weight
        third &+= color(sources.2 + byte) &* weight
        fourth &+= color(sources.3 + byte) &* weight
        byte += 3
      }
      let output = UnsafeMutableRawPointer(target + x * 3)
      let bytesPerRow = rowStride * MemoryLayout<Int32>.stride
      output.storeBytes(of: first, as: SIMD4<Int32>.self)
      output.storeBytes(of: second, toByteOffset: bytesPerRow, as: SIMD4<Int32>.self)
      output.storeBytes(of: third, toByteOffset: 2 * bytesPerRow, as: SIMD4<Int32>.self)
      output.storeBytes(of: fourth, toByteOffset: 3 * bytesPerRow, as: SIMD4<Int32>.self)
    }
  }

  /// A pixel's color and, last, the byte after it.
  @_transparent
  private static func color(_ pixel: UnsafePointer<UInt8>) -> SIMD4<Int32> {
    SIMD4<Int32>(truncatingIfNeeded: UnsafeRawPointer(pixel).loadUnaligned(as: SIMD4<UInt8>.self))
  }

  /// Four rows of gray resampled along x, with the weights' fraction yet to be cut off.
  private static func resampleGray(
    _ sources: SourceRows.Four, _ taps: ResamplingTaps, into target: UnsafeMutablePointer<Int32>, rowStride: Int
  ) {
    for x in 0..<taps.outputCount {
      var place = taps.starts[x]
      let weights = taps.weights + x * taps.tapCount
      var sums = SIMD4<Int32>(repeating: ResamplingTaps.half)
      for tap in 0..<taps.tapCount {
        let pixels = SIMD4<UInt8>(sources.0[place], sources.1[place], sources.2[place], sources.3[place])
        sums &+= SIMD4<Int32>(truncatingIfNeeded: pixels) &* SIMD4(repeating: weights[tap])
        place += 1
      }
      for row in 0..<4 { target[row * rowStride + x] = sums[row] }
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
