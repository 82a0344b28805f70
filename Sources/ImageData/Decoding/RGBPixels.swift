/// Colors of other spaces turned to red, green and blue.
enum RGBPixels {
  /// RGB from the inverted CMYK that Adobe's programs write into JPEGs.
  static func fill(
    _ rgb: UnsafeMutableBufferPointer<UInt8>, fromInvertedCMYK cmyk: UnsafeMutableBufferPointer<UInt8>
  ) {
    for pixel in 0..<cmyk.count / 4 {
      let light = Int(cmyk[4 * pixel + 3])
      for channel in 0..<3 {
        rgb[3 * pixel + channel] = value(ink: 255 - Int(cmyk[4 * pixel + channel]), light: light)
      }
    }
  }

  /// What an ink leaves of the light, both from 0 to 255, rounded as Pillow's `convert("RGB")` rounds.
  @inline(__always)
  static func value(ink: Int, light: Int) -> UInt8 {
    let product = ink * light + 128
    return UInt8(max(0, light - ((product >> 8) + product) >> 8))
  }
}
