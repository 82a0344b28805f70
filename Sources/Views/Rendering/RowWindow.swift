/// The source rows, resampled along x to whole 8-bit values, that the next output rows are blended from.
struct RowWindow {
  /// Values from one row to the next, a multiple of sixteen.
  let rowStride: Int
  /// Rows that fit.
  let capacity: Int
  private let values: UnsafeMutablePointer<Int32>

  /// A window for outputs that need up to `neededRows` rows at a time, four of which are added at a time.
  init(rowStride: Int, neededRows: Int, buffer: inout ReusableBuffer<Int32>) {
    self.rowStride = rowStride
    capacity = 4 * (neededRows + 4)
    values = buffer.reserve(rowStride * capacity)
  }

  func row(_ index: Int) -> UnsafeMutablePointer<Int32> { values + index * rowStride }

  /// Moves these rows to the front.
  func move(rows: Range<Int>) {
    guard !rows.isEmpty else { return }
    values.update(from: row(rows.lowerBound), count: rows.count * rowStride)
  }

  /// Turns four rows of weighted sums into 8-bit values.
  func cutOff(fourRowsFrom first: Int) {
    let rows = UnsafeMutableRawPointer(row(first))
    for offset in stride(from: 0, to: 4 * rowStride * MemoryLayout<Int32>.stride, by: MemoryLayout<Sums>.stride) {
      let sums = rows.loadUnaligned(fromByteOffset: offset, as: Sums.self)
      rows.storeBytes(of: Self.bytes(of: sums), toByteOffset: offset, as: Sums.self)
    }
  }

  /// Writes the weighted sum of `count` neighboring rows as 8-bit values.
  func blend(
    from first: Int, weights: UnsafePointer<Int32>, count: Int, into target: UnsafeMutablePointer<Float>
  ) {
    let bytesPerRow = rowStride * MemoryLayout<Int32>.stride
    for x in stride(from: 0, to: rowStride, by: 16) {
      var sums = Sums(repeating: ResamplingTaps.half)
      var values = UnsafeRawPointer(row(first) + x)
      for tap in 0..<count {
        sums &+= values.loadUnaligned(as: Sums.self) &* Sums(repeating: weights[tap])
        values += bytesPerRow
      }
      target.store(Self.floats(Self.bytes(of: sums)), at: x)
    }
  }

  /// Writes a row of 8-bit values.
  func copy(row index: Int, into target: UnsafeMutablePointer<Float>) {
    let values = UnsafeRawPointer(row(index))
    for x in stride(from: 0, to: rowStride, by: 16) {
      let bytes = values.loadUnaligned(fromByteOffset: x * MemoryLayout<Int32>.stride, as: Sums.self)
      target.store(Self.floats(bytes), at: x)
    }
  }

  typealias Sums = SIMD16<Int32>

  /// The sums without their fraction, moved into 0…255.
  @_transparent
  private static func bytes(of sums: Sums) -> Sums {
    let (low, high) = (Sums(repeating: 0), Sums(repeating: 255))
    let whole = sums &>> Sums(repeating: ResamplingTaps.fractionBits)
    let raised = whole.replacing(with: low, where: whole .< low)
    return raised.replacing(with: high, where: raised .> high)
  }

  /// Whole numbers below 2²³ as floats: they are the lowest bits of the float that is 2²³ larger.
  @_transparent
  private static func floats(_ numbers: Sums) -> Lanes {
    let shifted = numbers | Sums(repeating: 0x4B00_0000)
    return unsafeBitCast(shifted, to: Lanes.self) - Lanes(repeating: 0x1p23)
  }
}
