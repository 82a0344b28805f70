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
    if outputChannels != 3 {
      for channel in 0..<outputChannels {
        let (scale, offset) = normalization.affine(channel: channel)
        for y in 0..<height {
          let (source, target) = (row(channel, y), output + y * width * outputChannels + channel)
          if outputChannels == 1 {
            for x in 0..<width { target[x] = .stored(source[x], scale: scale, offset: offset) }
          } else {
            for x in 0..<width { target[x * outputChannels] = .stored(source[x], scale: scale, offset: offset) }
          }
        }
      }
      return
    }
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
}
