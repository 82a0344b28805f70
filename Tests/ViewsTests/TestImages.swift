import Views

extension Image {
  /// Independent uniform pixels.
  static func noise(width: Int, height: Int, channels: Int = 3, seed: UInt64 = 1) -> Image {
    var random = ViewRandom(seed: seed, epoch: 0, sample: 0, view: 0)
    return Image(
      width: width, height: height, channels: channels,
      pixels: (0..<(width * height * channels)).map { _ in UInt8(random.integer(below: 256)) })
  }

  /// Slow gradients, different in each channel.
  static func gradient(width: Int, height: Int) -> Image {
    var pixels: [UInt8] = []
    for y in 0..<height {
      for x in 0..<width {
        let (across, down) = (Double(x) / Double(width), Double(y) / Double(height))
        pixels += [UInt8(250 * across), UInt8(250 * down), UInt8(125 * (across + 1 - down))]
      }
    }
    return Image(width: width, height: height, channels: 3, pixels: pixels)
  }

  /// The same value everywhere.
  static func constant(_ value: UInt8, width: Int, height: Int, channels: Int = 3) -> Image {
    Image(
      width: width, height: height, channels: channels,
      pixels: [UInt8](repeating: value, count: width * height * channels))
  }

  var whole: CropBox { CropBox(top: 0, left: 0, height: height, width: width) }
}

extension ViewRenderer {
  /// One view as an array, rendered with the given scratch or a new one.
  func rendered(_ image: Image, _ parameters: ViewParameters, scratch: RenderScratch = RenderScratch()) -> [Float] {
    rendered(ImagePart(image), parameters, scratch: scratch)
  }

  /// One view of a part of an image as an array.
  func rendered(
    _ part: ImagePart, _ parameters: ViewParameters, scratch: RenderScratch = RenderScratch()
  ) -> [Float] {
    var scratch = scratch
    var values = [Float](repeating: .nan, count: elementCount)
    values.withUnsafeMutableBytes { render(part, parameters, into: $0, scratch: &scratch) }
    return values
  }
}

extension Normalization {
  /// Leaves values between 0 and 1.
  static let none = Normalization(mean: [0], standardDeviation: [1])
}

/// Values between 0 and 1 as 8-bit pixels.
func bytes(_ values: [Float]) -> [UInt8] { values.map { UInt8(($0 * 255).rounded()) } }

/// Where two sequences first differ, or nil; said instead of printing thousands of values.
func firstDifference<Value: Equatable>(_ first: [Value], _ second: [Value]) -> Int? {
  if let index = zip(first, second).enumerated().first(where: { $0.element.0 != $0.element.1 })?.offset { return index }
  return first.count == second.count ? nil : min(first.count, second.count)
}
