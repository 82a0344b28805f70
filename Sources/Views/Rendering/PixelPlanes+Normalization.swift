extension PixelPlanes {
  /// Writes the pixels, channels interleaved.
  ///
  /// - Parameters:
  ///   - outputChannels: As many as there are planes, or 3 where there is one, which is then repeated.
  ///   - output: Room for `height × width × outputChannels` values, aligned to the format.
  func write(
    _ normalization: Normalization, outputChannels: Int, as format: PixelFormat, into output: UnsafeMutableRawPointer
  ) {
    let count = height * width * outputChannels
    switch format {
    case .float32:
      write(normalization, outputChannels: outputChannels, into: output.bindMemory(to: Float.self, capacity: count))
    case .bfloat16:
      write(
        normalization, outputChannels: outputChannels,
        into: output.bindMemory(to: BFloat16Bits.self, capacity: count))
    case .uint8:
      write(normalization, outputChannels: outputChannels, into: output.bindMemory(to: UInt8.self, capacity: count))
    }
  }

  @inline(__always)
  private func write<Value: StoredPixel>(
    _ normalization: Normalization, outputChannels: Int, into output: UnsafeMutablePointer<Value>
  ) {
    if outputChannels == 1 {
      let (scale, offset) = normalization.affine(channel: 0)
      for y in 0..<height {
        let (source, target) = (row(0, y), output + y * width)
        for x in 0..<width { target[x] = .stored(source[x], scale: scale, offset: offset) }
      }
      return
    }
    if outputChannels != 3 { return writeEachChannel(normalization, into: output) }
    let (red, green, blue) = (
      normalization.affine(channel: 0), normalization.affine(channel: 1), normalization.affine(channel: 2)
    )
    for y in 0..<height {
      let first = row(0, y)
      let second = channelCount == 3 ? row(1, y) : first
      let third = channelCount == 3 ? row(2, y) : first
      let target = output + y * width * 3
      for x in 0..<width {
        target[3 * x] = .stored(first[x], scale: red.scale, offset: red.offset)
        target[3 * x + 1] = .stored(second[x], scale: green.scale, offset: green.offset)
        target[3 * x + 2] = .stored(third[x], scale: blue.scale, offset: blue.offset)
      }
    }
  }

  /// Writes channels that are no colors.
  ///
  /// Kept apart, so that the loops over colors stay as fast as they are.
  @inline(never)
  private func writeEachChannel<Value: StoredPixel>(
    _ normalization: Normalization, into output: UnsafeMutablePointer<Value>
  ) {
    for channel in 0..<channelCount {
      let (scale, offset) = normalization.affine(channel: channel)
      for y in 0..<height {
        let (source, target) = (row(channel, y), output + y * width * channelCount + channel)
        for x in 0..<width { target[x * channelCount] = .stored(source[x], scale: scale, offset: offset) }
      }
    }
  }
}
