import Glibc

/// The operations of RandAugment, each with the 8-bit result of Pillow as torchvision calls it.
extension PixelPlanes {
  /// Applies one operation.
  package mutating func apply(_ operation: DrawnOperation) {
    let magnitude = operation.magnitude
    switch operation.kind {
    case .identity: break
    case .shearX: sample(AffineMap(xFromY: magnitude))
    case .shearY: sample(AffineMap(yFromX: magnitude))
    case .translateX: sample(AffineMap(x: -(magnitude * Double(width)).rounded()))
    case .translateY: sample(AffineMap(y: -(magnitude * Double(height)).rounded()))
    case .rotate: sample(AffineMap(degrees: magnitude, width: width, height: height))
    case .brightness: adjustBrightness(by: 1 + magnitude)
    case .saturation: adjustSaturation(by: 1 + magnitude)
    case .contrast: adjustContrast(by: 1 + magnitude)
    case .sharpness: adjustSharpness(by: 1 + magnitude)
    case .posterize:
      let mask = 0xFF << (8 - Int(magnitude)) & 0xFF
      for channel in 0..<channelCount { map(channel) { UInt8($0 & mask) } }
    case .solarize:
      for channel in 0..<channelCount { map(channel) { UInt8(Double($0) < magnitude ? $0 : 255 - $0) } }
    case .autoContrast:
      for channel in 0..<channelCount { stretchContrast(channel) }
    case .equalize:
      for channel in 0..<channelCount { equalize(channel) }
    }
  }

  /// Moves every pixel to the nearest place; what comes from outside is black.
  private mutating func sample(_ map: AffineMap) {
    let step = map.step
    for channel in 0..<channelCount {
      for y in 0..<height {
        let target = spareRow(channel, y)
        var place = map.start(ofRow: y)
        for x in 0..<width {
          let (column, line) = (place.x >> 16, place.y >> 16)
          let isInside = column >= 0 && column < width && line >= 0 && line < height
          target[x] = isInside ? row(channel, line)[column] : 0
          place.x += step.x
          place.y += step.y
        }
        for x in width..<stride { target[x] = 0 }
      }
    }
    swapWithSpare()
  }

  /// Blends with the smoothed view, border pixels left as they are.
  ///
  /// A factor of 0 gives the smoothed view, 1 the view as it is.
  private mutating func adjustSharpness(by factor: Double) {
    let (outer, inner) = (Float(1.0 / 13), Float(5.0 / 13))
    let factor = Float(factor)
    for channel in 0..<channelCount {
      for y in 0..<height {
        let (source, target) = (row(channel, y), spareRow(channel, y))
        target.update(from: source, count: stride)
        guard y > 0, y < height - 1, width > 2 else { continue }
        let (above, below) = (row(channel, y - 1), row(channel, y + 1))
        for x in 1..<(width - 1) {
          let around =
            above[x - 1] + above[x] + above[x + 1] + source[x - 1] + source[x + 1] + below[x - 1] + below[x]
            + below[x + 1]
          let smooth = (around * outer + source[x] * inner + 0.5).rounded(.down)
          target[x] = max(0, min(255, smooth + (source[x] - smooth) * factor)).rounded(.towardZero)
        }
      }
    }
    swapWithSpare()
  }

  /// Spreads the values of a channel from 0 to 255.
  private func stretchContrast(_ channel: Int) {
    let counts = histogram(channel)
    let low = (0..<256).first { counts[$0] > 0 }!
    let high = (0..<256).last { counts[$0] > 0 }!
    guard high > low else { return }
    let scale = 255 / Double(high - low)
    let offset = -Double(low) * scale
    map(channel) { UInt8(max(0, min(255, Int(Double($0) * scale + offset)))) }
  }

  /// Spreads the values of a channel so that each range of them is as frequent.
  private func equalize(_ channel: Int) {
    let counts = histogram(channel)
    let high = (0..<256).last { counts[$0] > 0 }!
    let step = (width * height - counts[high]) / 255
    guard step > 0 else { return }
    var sum = step / 2
    var table = InlineArray<256, UInt8>(repeating: 0)
    for value in 0..<256 {
      table[value] = UInt8(min(255, sum / step))
      sum += counts[value]
    }
    map(channel) { table[$0] }
  }

  private func histogram(_ channel: Int) -> InlineArray<256, Int> {
    var counts = InlineArray<256, Int>(repeating: 0)
    for y in 0..<height {
      let row = row(channel, y)
      for x in 0..<width { counts[Int(row[x])] += 1 }
    }
    return counts
  }

  private func map(_ channel: Int, _ transform: (Int) -> UInt8) {
    let table = InlineArray<256, Float> { Float(transform($0)) }
    for y in 0..<height {
      let row = row(channel, y)
      for x in 0..<width { row[x] = table[Int(row[x])] }
    }
  }

  /// Replaces a rectangle by the value that normalization takes to 0.
  ///
  /// - Parameters:
  ///   - box: A rectangle of the view.
  ///   - outputChannels: How many channels will be written; as many planes are reserved.
  mutating func erase(_ box: CropBox, filling normalization: Normalization, outputChannels: Int) {
    let isColor = normalization.mean.contains { $0 != normalization.mean[0] }
    if outputChannels > channelCount, isColor { repeatPlane() }
    for channel in 0..<channelCount {
      let mean = 255 * normalization.mean[min(channel, normalization.mean.count - 1)]
      for y in box.top..<min(height, box.top + box.height) {
        let row = row(channel, y)
        for x in box.left..<min(width, box.left + box.width) { row[x] = Float(mean) }
      }
    }
  }

  /// Makes three equal planes of one.
  private mutating func repeatPlane() {
    for channel in 1..<3 { plane(channel).update(from: base, count: planeCount) }
    channelCount = 3
  }
}

/// Where each pixel of a moved view comes from, in 65,536ths of a pixel as Pillow's nearest-neighbor transform.
private struct AffineMap {
  private var xFromX = 1.0
  private var xFromY = 0.0
  private var x = 0.0
  private var yFromX = 0.0
  private var yFromY = 1.0
  private var y = 0.0

  init(xFromY: Double = 0, yFromX: Double = 0, x: Double = 0, y: Double = 0) {
    self.xFromY = xFromY
    self.yFromX = yFromX
    self.x = x
    self.y = y
  }

  /// A rotation against the clock about the middle of the view.
  init(degrees: Double, width: Int, height: Int) {
    let angle = -degrees * .pi / 180
    (xFromX, xFromY, yFromX, yFromY) = (cos(angle), sin(angle), -sin(angle), cos(angle))
    let (middleX, middleY) = (Double(width) / 2, Double(height) / 2)
    x = middleX - xFromX * middleX - xFromY * middleY
    y = middleY - yFromX * middleX - yFromY * middleY
  }

  /// What one column adds.
  var step: (x: Int, y: Int) { (Self.fixed(xFromX), Self.fixed(yFromX)) }

  /// Where the first pixel of a row comes from.
  func start(ofRow row: Int) -> (x: Int, y: Int) {
    (
      Self.fixed(x + xFromX * 0.5 + xFromY * 0.5) + row * Self.fixed(xFromY),
      Self.fixed(y + yFromX * 0.5 + yFromY * 0.5) + row * Self.fixed(yFromY)
    )
  }

  private static func fixed(_ value: Double) -> Int { Int((value * 65536 + 0.5).rounded(.down)) }
}
