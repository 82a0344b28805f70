import ImageData
import Views

/// Color images of soft blots, a function of their number: for timing steps without any data.
struct GeneratedImages: ImageDataset {
  let count: Int
  let side: Int
  let channels: Int
  let labels: [Int]? = nil
  let classNames: [String]? = nil

  var summary: String { "\(count) generated images of \(side) px" }

  func source(at index: Int) -> any ImageSource {
    var state = UInt64(index) &* 0x9E37_79B9_7F4A_7C15 | 1
    func next() -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 40)
    }
    let blots = (0..<6).map { _ in
      (x: next() % side, y: next() % side, strength: (0..<channels).map { _ in next() % 200 })
    }
    var pixels: [UInt8] = []
    pixels.reserveCapacity(side * side * channels)
    for y in 0..<side {
      for x in 0..<side {
        for channel in 0..<channels {
          let value = blots.reduce(30) { sum, blot in
            let distance = abs(blot.x - x) + abs(blot.y - y)
            return sum + blot.strength[channel] * max(0, side - 2 * distance) / (2 * side)
          }
          pixels.append(UInt8(min(255, value + next() % 16)))
        }
      }
    }
    return Image(width: side, height: side, channels: channels, pixels: pixels)
  }

  func name(at index: Int) -> String { "generated \(index)" }
}
