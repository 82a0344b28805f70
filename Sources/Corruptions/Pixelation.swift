import Views

extension Image {
  /// Fewer pixels, each the mean of those it covers, enlarged again: Pillow's `resize` with `BOX`, there and back.
  ///
  /// - Parameter scale: The share of the sides that is kept.
  func pixelated(_ scale: Double) -> Image {
    resizedByBoxes(width: max(1, Int(Double(width) * scale)), height: max(1, Int(Double(height) * scale)))
      .resizedByBoxes(width: width, height: height)
  }

  private func resizedByBoxes(width newWidth: Int, height newHeight: Int) -> Image {
    let columns = BoxTaps(width, newWidth)
    let rows = BoxTaps(height, newHeight)
    var middle = [UInt8](repeating: 0, count: newWidth * height * channels)
    for y in 0..<height {
      for x in 0..<newWidth {
        for channel in 0..<channels {
          middle[(y * newWidth + x) * channels + channel] = columns.sum(x) {
            pixels[(y * width + $0) * channels + channel]
          }
        }
      }
    }
    var result = [UInt8](repeating: 0, count: newWidth * newHeight * channels)
    let rowCount = newWidth * channels
    for y in 0..<newHeight {
      for place in 0..<rowCount { result[y * rowCount + place] = rows.sum(y) { middle[$0 * rowCount + place] } }
    }
    return Image(width: newWidth, height: newHeight, channels: channels, pixels: result)
  }
}

/// The source pixels whose centers lie within each output pixel, or the nearest one, with Pillow's 22-bit weights.
private struct BoxTaps {
  private var starts: [Int] = []
  private var weights: [[Int]] = []

  init(_ source: Int, _ target: Int) {
    let scale = Double(source) / Double(target)
    let stretch = max(scale, 1)
    for output in 0..<target {
      let center = (Double(output) + 0.5) * scale
      let first = max(0, Int(center - stretch / 2 + 0.5))
      let end = min(source, Int(center + stretch / 2 + 0.5))
      let inside = (first..<end).map { place in
        let distance = (Double(place) - center + 0.5) / stretch
        return distance > -0.5 && distance <= 0.5 ? 1.0 : 0
      }
      let total = inside.reduce(0, +)
      starts.append(first)
      weights.append(inside.map { Int(0.5 + $0 / total * Double(1 << 22)) })
    }
  }

  /// The weighted mean of the values that an output is made of.
  @inline(__always)
  func sum(_ output: Int, _ value: (Int) -> UInt8) -> UInt8 {
    let weights = weights[output]
    var sum = 1 << 21
    for tap in weights.indices { sum += weights[tap] * Int(value(starts[output] + tap)) }
    return UInt8(min(max(sum >> 22, 0), 255))
  }
}
