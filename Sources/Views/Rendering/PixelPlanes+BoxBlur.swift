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
    var source = scratch.buffers.firstLine.reserve(count) + margin
    var target = scratch.buffers.secondLine.reserve(count) + margin
    for channel in 0..<channelCount {
      for y in 0..<height {
        let row = row(channel, y)
        source.update(from: row, count: width)
        for _ in 0..<ExtendedBox.passes {
          for distance in 1...box.reach {
            source[-distance] = source[0]
            source[width - 1 + distance] = source[width - 1]
          }
          for x in Swift.stride(from: 0, to: stride, by: 16) {
            target.store(box.average(source, at: x, step: 1), at: x)
          }
          swap(&source, &target)
        }
        row.update(from: source, count: width)
      }
    }
  }

  /// Sixteen columns at a time.
  private func blurColumns(_ box: ExtendedBox, scratch: inout RenderScratch) {
    let count = (height + 2 * box.reach) * 16
    var source = scratch.buffers.firstLine.reserve(count) + box.reach * 16
    var target = scratch.buffers.secondLine.reserve(count) + box.reach * 16
    for channel in 0..<channelCount {
      for x in Swift.stride(from: 0, to: stride, by: 16) {
        for y in 0..<height { source.store(row(channel, y).lanes(at: x), at: y * 16) }
        for _ in 0..<ExtendedBox.passes {
          let (first, last) = (source.lanes(at: 0), source.lanes(at: (height - 1) * 16))
          for distance in 1...box.reach {
            source.store(first, at: -distance * 16)
            source.store(last, at: (height - 1 + distance) * 16)
          }
          for y in 0..<height {
            target.store(box.average(source, at: y * 16, step: 16), at: y * 16)
          }
          swap(&source, &target)
        }
        for y in 0..<height { row(channel, y).store(source.lanes(at: y * 16), at: x) }
      }
    }
  }
}

/// A box of fractional radius: equal weights within the whole radius and a smaller one just outside.
private struct ExtendedBox {
  /// Boxes that make one Gaussian.
  static let passes = 3

  /// Whole part of the radius.
  let wholeRadius: Int
  let weight: Float
  let edgeWeight: Float

  /// Distance of the outermost weights.
  var reach: Int { wholeRadius + 1 }

  /// The box which, applied three times, has the given standard deviation; weights are whole 2⁻²⁴ths as Pillow's.
  init(standardDeviation: Double) {
    let variance = Float(standardDeviation * standardDeviation) / Float(Self.passes)
    let length = (12 * Double(variance) + 1).squareRoot()
    let whole = ((length - 1) / 2).rounded(.down)
    let numerator = (2 * whole + 1) * (whole * (whole + 1) - 3 * Double(variance))
    let denominator = 6 * (Double(variance) - (whole + 1) * (whole + 1))
    let radius = whole + numerator / denominator
    wholeRadius = Int(radius)
    let unit = Double(1 << 24)
    let inner = (unit / (2 * radius + 1)).rounded(.down)
    let outer = ((unit - Double(2 * wholeRadius + 1) * inner) / 2).rounded(.down)
    weight = Float(inner / unit)
    edgeWeight = Float(outer / unit)
  }

  /// The rounded weighted mean of sixteen values and their neighbors, `step` values apart.
  @_transparent
  func average(_ values: UnsafeMutablePointer<Float>, at offset: Int, step: Int) -> Lanes {
    var sum = values.lanes(at: offset)
    var distance = step
    for _ in 0..<wholeRadius {
      sum += values.lanes(at: offset - distance) + values.lanes(at: offset + distance)
      distance += step
    }
    let edges = values.lanes(at: offset - distance) + values.lanes(at: offset + distance)
    let half = Lanes(repeating: 0.5).addingProduct(edges, Lanes(repeating: edgeWeight))
    return half.addingProduct(sum, Lanes(repeating: weight)).rounded(.down)
  }
}
