/// Which source pixels an output pixel along one axis is made of, and with which weights.
///
/// The filter is stretched by the ratio when shrinking, as PIL's `Image.resize`, and its weights are whole 2⁻²²ths as
/// PIL's. Every output has the same number of taps, unused ones weighing 0, and all of them lie inside the source.
struct ResamplingTaps {
  /// Source pixels along the axis.
  let sourceCount: Int
  /// Outputs along the axis.
  let outputCount: Int
  /// Taps of every output.
  let tapCount: Int
  /// First source pixel of each output.
  let starts: UnsafeMutablePointer<Int>
  /// `outputCount × tapCount` weights in 2⁻²²ths.
  let weights: UnsafeMutablePointer<Int32>

  /// Bits of a weight behind the point.
  static let fractionBits: Int32 = 22
  /// What is added to a weighted sum so that it rounds when the fraction is cut off.
  static let half: Int32 = 1 << 21

  /// Taps for some of the outputs of resizing a stretch of `sourceCount` pixels to `fullCount`.
  ///
  /// - Parameters:
  ///   - outputs: The outputs wanted, within `0..<fullCount`.
  ///   - isReversed: Whether the outputs are made last to first.
  ///   - startBuffer: Memory for the starts.
  ///   - weightBuffer: Memory for the weights.
  ///   - filterBuffer: Memory for one output's weights while they are made.
  init(
    from sourceCount: Int, span: Span, to fullCount: Int, outputs: Range<Int>, interpolation: Interpolation,
    isReversed: Bool,
    startBuffer: inout ReusableBuffer<Int>, weightBuffer: inout ReusableBuffer<Int32>,
    filterBuffer: inout ReusableBuffer<Double>
  ) {
    self.sourceCount = sourceCount
    let scale = span.length / Double(fullCount)
    let stretch = max(scale, 1)
    let support = stretch * interpolation.support
    tapCount = Self.tapCount(from: sourceCount, span: span, to: fullCount, interpolation: interpolation)
    outputCount = outputs.count
    starts = startBuffer.reserve(outputCount)
    weights = weightBuffer.reserve(outputCount * tapCount)
    let filter = filterBuffer.reserve(tapCount)
    for (index, output) in outputs.enumerated() {
      let center = span.start + (Double(output) + 0.5) * scale
      let first = max(0, Int(center - support + 0.5))
      let end = min(sourceCount, Int(center + support + 0.5), first + tapCount)
      let start = min(first, sourceCount - tapCount)
      let place = isReversed ? outputCount - 1 - index : index
      starts[place] = start
      let weights = weights + place * tapCount
      var total = 0.0
      for tap in 0..<tapCount {
        let source = start + tap
        let isInside = source >= first && source < end
        let weight = isInside ? interpolation.weight(at: (Double(source) - center + 0.5) / stretch) : 0
        filter[tap] = weight
        total += weight
      }
      let unit = Double(1 << Self.fractionBits) / total
      for tap in 0..<tapCount { weights[tap] = Int32((filter[tap] * unit).rounded()) }
    }
  }
}

extension ResamplingTaps {
  private static func tapCount(
    from sourceCount: Int, span: Span, to fullCount: Int, interpolation: Interpolation
  ) -> Int {
    let support = max(span.length / Double(fullCount), 1) * interpolation.support
    // Where rounding makes it one more, the filter is 0 there.
    return min(sourceCount, Int((2 * support).rounded(.up)))
  }

  /// Taps along x.
  init(columnsOf resampling: Resampling, buffers: RenderScratch.Buffers) {
    self.init(
      from: resampling.box.width, span: resampling.columnSpan, to: resampling.fullSize.width,
      outputs: resampling.columns, interpolation: resampling.interpolation, isReversed: resampling.isFlipped,
      startBuffer: &buffers.columnStarts, weightBuffer: &buffers.columnWeights, filterBuffer: &buffers.filter)
  }

  /// Taps along y.
  init(rowsOf resampling: Resampling, buffers: RenderScratch.Buffers) {
    self.init(
      from: resampling.box.height, span: resampling.rowSpan, to: resampling.fullSize.height, outputs: resampling.rows,
      interpolation: resampling.interpolation, isReversed: false, startBuffer: &buffers.rowStarts,
      weightBuffer: &buffers.rowWeights, filterBuffer: &buffers.filter)
  }

  /// The most taps that an output of a resampling has along an axis.
  static func tapCount(_ axis: FilterTable.Axis, of resampling: Resampling) -> Int {
    switch axis {
    case .rows:
      tapCount(
        from: resampling.box.height, span: resampling.rowSpan, to: resampling.fullSize.height,
        interpolation: resampling.interpolation)
    case .columns:
      tapCount(
        from: resampling.box.width, span: resampling.columnSpan, to: resampling.fullSize.width,
        interpolation: resampling.interpolation)
    }
  }
}

extension Interpolation {
  /// Half the width of the filter, in pixels of the coarser grid.
  var support: Double {
    switch self {
    case .bilinear: 1
    case .bicubic: 2
    }
  }

  /// The filter's value at this distance from its center.
  func weight(at distance: Double) -> Double {
    let x = abs(distance)
    switch self {
    case .bilinear: return x < 1 ? 1 - x : 0
    case .bicubic:
      if x < 1 { return (1.5 * x - 2.5) * x * x + 1 }
      return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0
    }
  }
}
