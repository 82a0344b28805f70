/// Gray from color by ITU-R 601 weights in 16-bit fixed point, rounded, as PIL's `convert("L")`.
enum Luma {
  /// Luma of sixteen pixels whose values are whole numbers from 0 to 255.
  ///
  /// Every intermediate sum is a whole number below 2²⁴, so `Float` holds it exactly.
  @_transparent
  static func of(_ red: Lanes, _ green: Lanes, _ blue: Lanes) -> Lanes {
    let sum = Lanes(repeating: 32768).addingProduct(red, Lanes(repeating: 19595))
      .addingProduct(green, Lanes(repeating: 38470)).addingProduct(blue, Lanes(repeating: 7471))
    return (sum * Lanes(repeating: 0x1p-16)).rounded(.down)
  }

  /// Luma of `count` interleaved pixels.
  static func convert(_ source: UnsafePointer<UInt8>, count: Int, into target: UnsafeMutablePointer<UInt8>) {
    for index in 0..<count {
      let pixel = source + 3 * index
      let sum = UInt32(pixel[0]) &* 19595 &+ UInt32(pixel[1]) &* 38470 &+ UInt32(pixel[2]) &* 7471 &+ 32768
      target[index] = UInt8(truncatingIfNeeded: sum >> 16)
    }
  }
}
