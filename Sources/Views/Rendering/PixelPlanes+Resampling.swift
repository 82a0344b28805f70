extension PixelPlanes {
  /// Planes of a part of an image, resized with antialiasing as PIL's `Image.resize`: along one axis and then along the
  /// other, each rounded to 8 bits.
  ///
  /// - Parameters:
  ///   - channelCount: The image's, or 1 or 3 where it has 3 or 1. One channel of a color image is its luma; a gray image
  ///     always gives one.
  ///   - reservedChannels: How many planes there may be later, if more.
  package init(
    _ image: Image, _ resampling: Resampling, channelCount: Int, reservedChannels: Int = 0,
    scratch: inout RenderScratch
  ) {
    let box = resampling.box
    precondition(
      box.top >= 0 && box.left >= 0 && box.height > 0 && box.width > 0 && box.top + box.height <= image.height
        && box.left + box.width <= image.width,
      "The crop \(box) is not inside the image of \(image.width)×\(image.height) pixels.")
    precondition(
      image.isConvertible(toChannels: channelCount),
      "An image of \(image.channels) channels cannot be rendered in \(channelCount).")
    guard image.channels == 1 || image.channels == 3 else {
      self.init(channelsOf: image, resampling, scratch: &scratch)
      return
    }
    let channels = min(channelCount, image.channels)
    self.init(
      width: resampling.columns.count, height: resampling.rows.count, channelCount: channels,
      reservedChannels: reservedChannels, scratch: &scratch)
    let buffers = scratch.buffers
    let columns = ResamplingTaps(columnsOf: resampling, buffers: buffers)
    let rows = ResamplingTaps(rowsOf: resampling, buffers: buffers)
    image.pixels.withUnsafeBufferPointer { pixels in
      let source = SourceRows(image, pixels: pixels.baseAddress!, box: box, channelCount: channels, buffers: buffers)
      if resampling.blendsRowsFirst {
        resampleRowsFirst(source, columns: columns, rows: rows, buffers: buffers)
      } else {
        resampleColumnsFirst(source, columns: columns, rows: rows, buffers: buffers)
      }
    }
  }

  /// Planes of an image of other channels than gray or colors, each as that of a gray image.
  private init(channelsOf image: Image, _ resampling: Resampling, scratch: inout RenderScratch) {
    self.init(
      width: resampling.columns.count, height: resampling.rows.count, channelCount: image.channels, scratch: &scratch)
    for channel in 0..<channelCount {
      let values = Swift.stride(from: channel, to: image.pixels.count, by: image.channels).map { image.pixels[$0] }
      let gray = Image(width: image.width, height: image.height, channels: 1, pixels: values)
      let one = PixelPlanes(gray, resampling, channelCount: 1, scratch: &scratch.buffers.forOneChannel)
      plane(channel).update(from: one.plane(0), count: planeCount)
    }
  }

  /// Values of a row of all channels, with room for one more, a multiple of sixteen.
  private var interleavedStride: Int { paddedToLanes(width * channelCount + 1) }

  /// Resamples four source rows at a time along x into a window of rows, and output rows from the window along y.
  private func resampleColumnsFirst(
    _ source: SourceRows, columns: ResamplingTaps, rows: ResamplingTaps, buffers: RenderScratch.Buffers
  ) {
    let window = RowWindow(
      rowStride: interleavedStride, neededRows: rows.tapCount, buffer: &buffers.resampledRows)
    let blended = buffers.blendedRow.reserve(interleavedStride)
    var (firstRow, endRow) = (rows.starts[0], rows.starts[0])
    for y in 0..<height {
      let start = rows.starts[y]
      while endRow < start + rows.tapCount {
        if endRow + 4 - firstRow > window.capacity {
          window.move(rows: (start - firstRow)..<(endRow - firstRow))
          firstRow = start
        }
        resampleColumns(
          source.fourRows(from: endRow), columns, into: window, at: endRow - firstRow, buffers: buffers)
        endRow += 4
      }
      window.blend(
        from: start - firstRow, weights: rows.weights + y * rows.tapCount, count: rows.tapCount, into: blended)
      write(blended, intoRow: y)
    }
  }

  /// Blends source rows along y into four rows at a time, and resamples those along x.
  private func resampleRowsFirst(
    _ source: SourceRows, columns: ResamplingTaps, rows: ResamplingTaps, buffers: RenderScratch.Buffers
  ) {
    let window = RowWindow(rowStride: interleavedStride, neededRows: 0, buffer: &buffers.resampledRows)
    let values = buffers.blendedRow.reserve(interleavedStride)
    let sums = buffers.sums.reserve(source.rowCount)
    let bytesPerRow = source.rowCount + 1
    let blended = buffers.blendedBytes.reserve(4 * bytesPerRow)
    for firstRow in Swift.stride(from: 0, to: height, by: 4) {
      let rowCount = min(4, height - firstRow)
      for row in 0..<rowCount {
        let y = firstRow + row
        source.blend(
          from: rows.starts[y], weights: rows.weights + y * rows.tapCount, count: rows.tapCount, sums: sums,
          into: blended + row * bytesPerRow)
      }
      let first = UnsafePointer(blended)
      let four = (first, first + bytesPerRow, first + 2 * bytesPerRow, first + 3 * bytesPerRow)
      resampleColumns(four, columns, into: window, at: 0, buffers: buffers)
      for row in 0..<rowCount {
        window.copy(row: row, into: values)
        write(values, intoRow: firstRow + row)
      }
    }
  }

  private func resampleColumns(
    _ sources: SourceRows.Four, _ taps: ResamplingTaps, into window: RowWindow, at row: Int,
    buffers: RenderScratch.Buffers
  ) {
    let count = taps.sourceCount
    if channelCount == 3 {
      let pixels = buffers.rowQuads.reserve(16 * count)
      Self.interleave(sources, count: count, into: pixels)
      Self.resampleColor(pixels, taps, into: window.row(row), rowStride: window.rowStride)
    } else {
      Self.resampleGray(sources, taps, into: window.row(row), rowStride: window.rowStride)
    }
    window.cutOff(fourRowsFrom: row)
  }

  /// Brings the pixels of a column of four rows together: four times a color and, last, the byte after it.
  private static func interleave(
    _ sources: SourceRows.Four, count: Int, into pixels: UnsafeMutablePointer<UInt8>
  ) {
    let output = UnsafeMutableRawPointer(pixels)
    // Four columns at a time as far as sixteen bytes can be read of each row.
    let wide = max(0, count - 1) & ~3
    for x in Swift.stride(from: 0, to: wide, by: 4) {
      let place = 3 &* x
      let (a, b) = (fourColors(sources.0 + place), fourColors(sources.1 + place))
      let (c, d) = (fourColors(sources.2 + place), fourColors(sources.3 + place))
      let columns = output + 16 &* x
      columns.storeBytes(of: SIMD4(a[0], b[0], c[0], d[0]), as: SIMD4<UInt32>.self)
      columns.storeBytes(of: SIMD4(a[1], b[1], c[1], d[1]), toByteOffset: 16, as: SIMD4<UInt32>.self)
      columns.storeBytes(of: SIMD4(a[2], b[2], c[2], d[2]), toByteOffset: 32, as: SIMD4<UInt32>.self)
      columns.storeBytes(of: SIMD4(a[3], b[3], c[3], d[3]), toByteOffset: 48, as: SIMD4<UInt32>.self)
    }
    for x in wide..<count {
      let colors = SIMD4<UInt32>(
        color(sources.0 + 3 * x), color(sources.1 + 3 * x), color(sources.2 + 3 * x), color(sources.3 + 3 * x))
      output.storeBytes(of: colors, toByteOffset: 16 * x, as: SIMD4<UInt32>.self)
    }
  }

  /// Four pixels' colors, each with the byte after it.
  @_transparent
  private static func fourColors(_ pixel: UnsafePointer<UInt8>) -> SIMD4<UInt32> {
    let v = UnsafeRawPointer(pixel).loadUnaligned(as: SIMD16<UInt8>.self)
    let colors = SIMD16<UInt8>(
      v[0], v[1], v[2], v[3], v[3], v[4], v[5], v[6], v[6], v[7], v[8], v[9], v[9], v[10], v[11], v[12])
    return unsafeBitCast(colors, to: SIMD4<UInt32>.self)
  }

  /// A pixel's color and, last, the byte after it.
  @_transparent
  private static func color(_ pixel: UnsafePointer<UInt8>) -> UInt32 {
    UnsafeRawPointer(pixel).loadUnaligned(as: UInt32.self)
  }

  /// Four rows of color resampled along x, with the weights' fraction yet to be cut off; writes one value beyond the
  /// last of each row.
  private static func resampleColor(
    _ pixels: UnsafePointer<UInt8>, _ taps: ResamplingTaps, into target: UnsafeMutablePointer<Int32>, rowStride: Int
  ) {
    // The usual numbers of taps are constants to the compiler, which then makes straight code of the inner loop.
    switch taps.tapCount {
    case 2: resampleColor(pixels, taps, tapCount: 2, into: target, rowStride: rowStride)
    case 3: resampleColor(pixels, taps, tapCount: 3, into: target, rowStride: rowStride)
    case 4: resampleColor(pixels, taps, tapCount: 4, into: target, rowStride: rowStride)
    default: resampleColor(pixels, taps, tapCount: taps.tapCount, into: target, rowStride: rowStride)
    }
  }

  @inline(__always)
  private static func resampleColor(
    _ pixels: UnsafePointer<UInt8>, _ taps: ResamplingTaps, tapCount: Int, into target: UnsafeMutablePointer<Int32>,
    rowStride: Int
  ) {
    let bytesPerRow = rowStride &* MemoryLayout<Int32>.stride
    let pixels = UnsafeRawPointer(pixels)
    var weights = taps.weights
    var output = UnsafeMutableRawPointer(target)
    for x in 0..<taps.outputCount {
      let place = pixels + (taps.starts[x] &<< 4)
      var sums = RowWindow.Sums(repeating: ResamplingTaps.half)
      for tap in 0..<tapCount {
        let colors = (place + (tap &<< 4)).loadUnaligned(as: SIMD16<UInt8>.self)
        sums &+= RowWindow.Sums(truncatingIfNeeded: colors) &* RowWindow.Sums(repeating: weights[tap])
      }
      output.storeBytes(of: sums.lowHalf.lowHalf, as: SIMD4<Int32>.self)
      output.storeBytes(of: sums.lowHalf.highHalf, toByteOffset: bytesPerRow, as: SIMD4<Int32>.self)
      output.storeBytes(of: sums.highHalf.lowHalf, toByteOffset: 2 &* bytesPerRow, as: SIMD4<Int32>.self)
      output.storeBytes(of: sums.highHalf.highHalf, toByteOffset: 3 &* bytesPerRow, as: SIMD4<Int32>.self)
      output += 12
      weights += tapCount
    }
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

  /// Writes a row whose channels are interleaved.
  private func write(_ values: UnsafePointer<Float>, intoRow y: Int) {
    if channelCount == 1 {
      row(0, y).update(from: values, count: width)
      return
    }
    let (red, green, blue) = (row(0, y), row(1, y), row(2, y))
    for x in 0..<width {
      red[x] = values[3 * x]
      green[x] = values[3 * x + 1]
      blue[x] = values[3 * x + 2]
    }
  }
}
