extension PixelPlanes {
  /// Blurs as Pillow's `ImageFilter.GaussianBlur`: three extended box blurs along each axis, each rounded to 8 bits,
  /// with replicated borders.
  ///
  /// The extended box is that of Gwosdek, Grewenig, Bruhn and Weickert, "Theoretical Foundations of Gaussian
  /// Convolution by Extended Box Filtering" (SSVM 2011).
  ///
  /// - Parameter radius: The radius given to Pillow, which it takes as the standard deviation in pixels.
  package func blurBoxes(radius: Double, scratch: inout RenderScratch) {
    guard radius > 0 else { return }
    let box = ExtendedBox(standardDeviation: radius)
    blurRows(box, scratch: &scratch)
    blurColumns(box, scratch: &scratch)
  }

  private func blurRows(_ box: ExtendedBox, scratch: inout RenderScratch) {
    let margin = paddedToLanes(box.reach)
    let count = margin + stride + margin + 16
    var source = scratch.buffers.firstBoxLine.reserve(count) + margin
    var target = scratch.buffers.secondBoxLine.reserve(count) + margin
    for channel in 0..<channelCount {
      for y in 0..<height {
        let row = row(channel, y)
        for x in Swift.stride(from: 0, to: stride, by: 16) { BoxLanes.load(row, at: x, into: source, at: x) }
        for _ in 0..<ExtendedBox.passes {
          for distance in 1...box.reach {
            source[-distance] = source[0]
            source[width - 1 + distance] = source[width - 1]
          }
          for x in Swift.stride(from: 0, to: stride, by: 16) { box.average(source, at: x, step: 1, into: target) }
          swap(&source, &target)
        }
        for x in Swift.stride(from: 0, to: stride, by: 16) { BoxLanes.store(source, at: x, into: row, at: x) }
      }
    }
  }

  /// Sixteen columns at a time.
  private func blurColumns(_ box: ExtendedBox, scratch: inout RenderScratch) {
    let count = (height + 2 * box.reach) * 16
    var source = scratch.buffers.firstBoxLine.reserve(count) + box.reach * 16
    var target = scratch.buffers.secondBoxLine.reserve(count) + box.reach * 16
    for channel in 0..<channelCount {
      for x in Swift.stride(from: 0, to: stride, by: 16) {
        for y in 0..<height { BoxLanes.load(row(channel, y), at: x, into: source, at: y * 16) }
        for _ in 0..<ExtendedBox.passes {
          for distance in 1...box.reach {
            (source - distance * 16).update(from: source, count: 16)
            (source + (height - 1 + distance) * 16).update(from: source + (height - 1) * 16, count: 16)
          }
          for y in 0..<height { box.average(source, at: y * 16, step: 16, into: target) }
          swap(&source, &target)
        }
        for y in 0..<height { BoxLanes.store(source, at: y * 16, into: row(channel, y), at: x) }
      }
    }
  }
}

/// A box of fractional radius: equal weights within the whole radius and a smaller one just outside.
///
/// Made of whole 2⁻²⁴ths from a radius in single precision, as Pillow's: half values occur all the time, and these
/// decide which way they are rounded.
package struct ExtendedBox {
  /// Boxes that make one Gaussian.
  package static let passes = 3

  /// Whole part of the radius.
  package let wholeRadius: Int
  /// Weight of the pixels within it, in 2⁻²⁴ths.
  package let weight: UInt32
  /// Weight of the pixel just outside on each side, in 2⁻²⁴ths.
  package let edgeWeight: UInt32

  /// Distance of the outermost weights.
  package var reach: Int { wholeRadius + 1 }

  /// The box which, applied three times, has the given standard deviation.
  package init(standardDeviation: Double) {
    let deviation = Float(standardDeviation)
    let variance = deviation * deviation / Float(Self.passes)
    let length = Float((12 * Double(variance) + 1).squareRoot())
    let whole = ((length - 1) / 2).rounded(.down)
    let numerator = (2 * whole + 1) * (whole * (whole + 1) - 3 * variance)
    let radius = whole + numerator / (6 * (variance - (whole + 1) * (whole + 1)))
    wholeRadius = Int(radius)
    weight = UInt32(0x1p24 / (radius * 2 + 1))
    edgeWeight = (1 << 24 - UInt32(2 * wholeRadius + 1) * weight) / 2
  }

  /// Writes the rounded weighted mean of sixteen values and their neighbors, which are `step` values apart.
  @_transparent
  fileprivate func average(
    _ values: UnsafeMutablePointer<UInt32>, at offset: Int, step: Int, into target: UnsafeMutablePointer<UInt32>
  ) {
    var sum = BoxLanes.lanes(values, at: offset)
    var distance = step
    for _ in 0..<wholeRadius {
      sum &+= BoxLanes.lanes(values, at: offset &- distance) &+ BoxLanes.lanes(values, at: offset &+ distance)
      distance &+= step
    }
    let edges = BoxLanes.lanes(values, at: offset &- distance) &+ BoxLanes.lanes(values, at: offset &+ distance)
    let total = sum &* BoxLanes.Lanes(repeating: weight) &+ edges &* BoxLanes.Lanes(repeating: edgeWeight)
    let mean = (total &+ BoxLanes.Lanes(repeating: 1 << 23)) &>> BoxLanes.Lanes(repeating: 24)
    UnsafeMutableRawPointer(target + offset).storeBytes(of: mean, as: BoxLanes.Lanes.self)
  }
}

/// Sixteen whole numbers, and their way from and to the floats of a plane.
private enum BoxLanes {
  typealias Lanes = SIMD16<UInt32>

  /// Bits of the float 2²³, whose lowest bits count ones.
  private static let one23: UInt32 = 0x4B00_0000

  @_transparent
  static func lanes(_ values: UnsafeMutablePointer<UInt32>, at offset: Int) -> Lanes {
    UnsafeRawPointer(values + offset).loadUnaligned(as: Lanes.self)
  }

  @_transparent
  static func load(
    _ row: UnsafeMutablePointer<Float>, at x: Int, into values: UnsafeMutablePointer<UInt32>, at offset: Int
  ) {
    let shifted = row.lanes(at: x) + SIMD16<Float>(repeating: 0x1p23)
    let numbers = unsafeBitCast(shifted, to: Lanes.self) & Lanes(repeating: 0xFF)
    UnsafeMutableRawPointer(values + offset).storeBytes(of: numbers, as: Lanes.self)
  }

  @_transparent
  static func store(
    _ values: UnsafeMutablePointer<UInt32>, at offset: Int, into row: UnsafeMutablePointer<Float>, at x: Int
  ) {
    let shifted = lanes(values, at: offset) | Lanes(repeating: one23)
    row.store(unsafeBitCast(shifted, to: SIMD16<Float>.self) - SIMD16<Float>(repeating: 0x1p23), at: x)
  }
}
