extension PixelPlanes {
  /// Writes the normalized pixels, channels interleaved.
  ///
  /// - Parameters:
  ///   - outputChannels: 1 or 3; a single plane is repeated to three channels.
  ///   - output: `height × width × outputChannels` values.
  func write(
    _ normalization: Normalization, outputChannels: Int, into output: UnsafeMutablePointer<Float>
  ) {
    if outputChannels == 1 {
      let (scale, offset) = normalization.affine(channel: 0)
      for y in 0..<height {
        let (source, target) = (row(0, y), output + y * width)
        for x in 0..<width { target[x] = offset.addingProduct(source[x], scale) }
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
        target[3 * x] = red.offset.addingProduct(first[x], red.scale)
        target[3 * x + 1] = green.offset.addingProduct(second[x], green.scale)
        target[3 * x + 2] = blue.offset.addingProduct(third[x], blue.scale)
      }
    }
  }
}
