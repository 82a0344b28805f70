extension ImagePart {
  /// The same pixels at half the resolution: each the rounded mean of the two by two that it stands for.
  ///
  /// A first row or column whose other half is missing is left out. What is missing beyond the last row or column does
  /// not count for the mean. So every pixel that stands for four is the one that the whole image has, halved.
  /// - Returns: nil where the part has not two rows and two columns to halve, or is reduced by 8 already.
  public func halved() -> ImagePart? {
    let (skippedRows, skippedColumns) = (top % 2, left % 2)
    let (rows, columns) = (image.height - skippedRows, image.width - skippedColumns)
    guard reduction < 8, rows > 1, columns > 1 else { return nil }
    let (height, width) = ((rows + 1) / 2, (columns + 1) / 2)
    let channels = image.channels
    let pixels = [UInt8](unsafeUninitializedCapacity: width * height * channels) { target, count in
      image.pixels.withUnsafeBufferPointer { source in
        withUnsafeTemporaryAllocation(of: UInt16.self, capacity: columns * channels + 8) { sums in
          for row in 0..<height {
            let first = (skippedRows + 2 * row) * image.width + skippedColumns
            let second = 2 * row + 1 < rows ? first + image.width : first
            let (upper, lower) = (source.baseAddress! + first * channels, source.baseAddress! + second * channels)
            let sums = sums.baseAddress!
            for place in 0..<columns * channels { sums[place] = UInt16(upper[place]) &+ UInt16(lower[place]) }
            // A last column without a neighbor is its own.
            for channel in 0..<channels {
              sums[columns * channels + channel] = sums[(columns - 1) * channels + channel]
            }
            Self.halve(sums, count: width, channels: channels, into: target.baseAddress! + row * width * channels)
          }
        }
      }
      count = width * height * channels
    }
    return ImagePart(
      Image(width: width, height: height, channels: channels, pixels: pixels), ofWidth: sourceWidth,
      height: sourceHeight, reduction: 2 * reduction, top: (top + skippedRows) / 2, left: (left + skippedColumns) / 2)
  }

  /// Adds neighbors along a row of sums of two rows and divides by four, rounding half up.
  private static func halve(
    _ sums: UnsafePointer<UInt16>, count: Int, channels: Int, into target: UnsafeMutablePointer<UInt8>
  ) {
    guard channels == 3 else {
      for x in 0..<count { target[x] = UInt8(truncatingIfNeeded: (sums[2 * x] &+ sums[2 * x + 1] &+ 2) >> 2) }
      return
    }
    // The fourth value of each step is written over by the next one; the last one writes three.
    for x in 0..<(count - 1) {
      let sum = four(sums + 6 * x) &+ four(sums + 6 * x + 3) &+ SIMD4(repeating: 2)
      UnsafeMutableRawPointer(target + 3 * x).storeBytes(
        of: SIMD4<UInt8>(truncatingIfNeeded: sum &>> SIMD4(repeating: 2)), as: SIMD4<UInt8>.self)
    }
    let last = 6 * (count - 1)
    for channel in 0..<3 {
      let sum = sums[last + channel] &+ sums[last + 3 + channel] &+ 2
      target[3 * (count - 1) + channel] = UInt8(truncatingIfNeeded: sum >> 2)
    }
  }

  @_transparent
  private static func four(_ place: UnsafePointer<UInt16>) -> SIMD4<UInt16> {
    UnsafeRawPointer(place).loadUnaligned(as: SIMD4<UInt16>.self)
  }
}
