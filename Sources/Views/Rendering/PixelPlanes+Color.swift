/// The color operations, each with the 8-bit result of Pillow's `ImageEnhance`, `ImageOps` and `Image.convert`.
extension PixelPlanes {
  /// Scales every value, as torchvision's `adjust_brightness`.
  package func adjustBrightness(by factor: Double) {
    let factor = Lanes(repeating: Float(factor))
    for offset in allLaneOffsets {
      base.store((base.lanes(at: offset) * factor).clampedToByte().rounded(.towardZero), at: offset)
    }
  }

  /// Blends with the rounded mean of the gray version, as torchvision's `adjust_contrast`; where there are other channels
  /// than gray or colors, with the rounded mean of all values.
  package func adjustContrast(by factor: Double) {
    let mean = Lanes(repeating: Float(meanLuma()))
    let factor = Lanes(repeating: Float(factor))
    for offset in allLaneOffsets { base.store(Self.blend(mean, base.lanes(at: offset), factor), at: offset) }
  }

  /// Blends with the gray version, as torchvision's `adjust_saturation`; changes nothing where there are no colors.
  package func adjustSaturation(by factor: Double) {
    guard channelCount == 3 else { return }
    let factor = Lanes(repeating: Float(factor))
    let (red, green, blue) = (plane(0), plane(1), plane(2))
    for offset in laneOffsets {
      let luma = luma(at: offset)
      red.store(Self.blend(luma, red.lanes(at: offset), factor), at: offset)
      green.store(Self.blend(luma, green.lanes(at: offset), factor), at: offset)
      blue.store(Self.blend(luma, blue.lanes(at: offset), factor), at: offset)
    }
  }

  /// Takes the colors away where there are any: one plane of luma remains.
  package mutating func convertToGrayscale() {
    guard channelCount == 3 else { return }
    for offset in laneOffsets { base.store(luma(at: offset), at: offset) }
    channelCount = 1
  }

  /// Inverts the values at or above the threshold.
  package func solarize(threshold: Int) {
    let threshold = Lanes(repeating: Float(threshold))
    let white = Lanes(repeating: 255)
    for offset in allLaneOffsets {
      let lanes = base.lanes(at: offset)
      base.store(lanes.replacing(with: white - lanes, where: lanes .>= threshold), at: offset)
    }
  }

  /// `from` + `factor` × (`to` − `from`), cut off to 8 bits.
  @_transparent
  private static func blend(_ from: Lanes, _ to: Lanes, _ factor: Lanes) -> Lanes {
    (from + (to - from) * factor).clampedToByte().rounded(.towardZero)
  }

  /// Mean of the gray version or of all values, rounded half up.
  private func meanLuma() -> Int {
    guard channelCount == 1 || channelCount == 3 else { return meanOfAll() }
    var total = 0.0
    let tail = width & ~15
    for y in 0..<height {
      var sums = Lanes.zero
      for x in Swift.stride(from: 0, to: tail, by: 16) { sums += luma(at: y * stride + x) }
      if tail < width {
        let rest = luma(at: y * stride + tail)
        for lane in 0..<(width - tail) { sums[lane] += rest[lane] }
      }
      total += Double(sums.sum())
    }
    return Int(total / Double(width * height) + 0.5)
  }

  /// Mean of the values of all channels, rounded half up.
  @inline(never)
  private func meanOfAll() -> Int {
    var total = 0.0
    for channel in 0..<channelCount {
      for y in 0..<height {
        let row = row(channel, y)
        for x in 0..<width { total += Double(row[x]) }
      }
    }
    return Int(total / Double(width * height * channelCount) + 0.5)
  }

  @_transparent
  private func luma(at offset: Int) -> Lanes {
    guard channelCount == 3 else { return base.lanes(at: offset) }
    return Luma.of(plane(0).lanes(at: offset), plane(1).lanes(at: offset), plane(2).lanes(at: offset))
  }
}
