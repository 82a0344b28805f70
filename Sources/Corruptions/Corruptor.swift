import ImageData
import Views

/// Corrupts images as ImageNet-C and CIFAR-10-C are.
///
/// The same image, number, corruption, severity, constants and seed always give the same pixels, on any thread. Colors,
/// gray and images of other channels are corrupted alike: noise in each value, everything else in all channels at once.
/// Values are cut off to 8 bits, as published; the further JPEG compression that ImageNet-C's files went through is left
/// out.
public struct Corruptor: Sendable {
  /// What is done to images.
  public let corruption: Corruption
  /// How much, from 1 to 5.
  public let severity: Int
  /// Whose constants.
  public let scale: CorruptionScale

  private let constants: CorruptionConstants

  /// The severities.
  public static let severities = 1...5

  /// A corruption of a severity from 1 to 5; traps at another one.
  public init(_ corruption: Corruption, severity: Int, scale: CorruptionScale) {
    precondition(Self.severities.contains(severity), "Severities are from 1 to 5; got \(severity).")
    self.corruption = corruption
    self.severity = severity
    self.scale = scale
    constants = CorruptionConstants(corruption, severity: severity, scale: scale)
  }

  /// The corrupted image, of the same size and channels.
  ///
  /// - Parameters:
  ///   - image: The image at the size that the encoder sees.
  ///   - number: Its position in the dataset; images of different numbers have different random numbers.
  ///   - seed: Chooses all random numbers.
  /// - Throws: `ImageError` where libjpeg refuses the image, as with sides above 65,500 pixels.
  public func corrupt(_ image: Image, number: Int, seed: UInt64) throws(ImageError) -> Image {
    var draws = CounterDraws(seed: seed, image: number, corruption: corruption, severity: severity)
    return try corrupt(image, using: &draws)
  }

  /// The corrupted image, with random numbers from elsewhere.
  package func corrupt(_ image: Image, using draws: inout some CorruptionDraws) throws(ImageError) -> Image {
    var planes: Planes
    switch constants {
    case .pixelate(let scale): return image.pixelated(scale)
    case .jpegCompression(let quality): return try image.compressed(quality: quality)
    default: planes = Planes(image)
    }
    switch constants {
    case .gaussianNoise(let deviation): planes.addNormalNoise(deviation: deviation, using: &draws)
    case .shotNoise(let table): planes.addShotNoise(table, using: &draws)
    case .impulseNoise(let share): planes.addImpulses(share: share, using: &draws)
    case .defocusBlur(let disk): planes.convolve(disk, border: reflected)
    case .glassBlur(let sigma, let reach, let iterations):
      planes.blurGlass(sigma: sigma, reach: reach, iterations: iterations, using: &draws)
    case .motionBlur(let radius, let sigma):
      planes.blurMotion(radius: radius, sigma: sigma, angle: draws.uniform(-45, 45))
    case .zoomBlur(let end, let step): planes.blurZoom(end: end, step: step)
    case .snow(let snow): planes.addSnow(snow, using: &draws)
    case .frost(let share, let ice): planes.addFrost(image: share, ice: ice, using: &draws)
    case .fog(let amount, let decay): planes.addFog(amount: amount, decay: decay, using: &draws)
    case .brightness(let amount): planes.brighten(by: amount)
    case .contrast(let factor): planes.reduceContrast(to: factor)
    case .elasticTransform(let amplitude, let sigma, let jitter):
      planes.deform(amplitude: amplitude, sigma: sigma, jitter: jitter, using: &draws)
    case .pixelate, .jpegCompression: break
    }
    return planes.image
  }
}

extension Planes {
  /// Moves every value towards the mean of its channel.
  mutating func reduceContrast(to factor: Double) {
    let factor = Float(factor)
    for channel in 0..<channels {
      let plane = channel * planeCount..<(channel + 1) * planeCount
      let mean = Float(values[plane].reduce(0.0) { $0 + Double($1) } / Double(planeCount))
      for place in plane { values[place] = (values[place] - mean) * factor + mean }
    }
  }
}

extension Image {
  /// What a JPEG of a quality from 1 to 100 keeps: of color as one picture, of other channels each on its own.
  fileprivate func compressed(quality: Int) throws(ImageError) -> Image {
    let name = "a corrupted image"
    if channels == 1 || channels == 3 {
      let bytes = try ImageEncoder.encode(self, as: .jpeg, quality: quality, name: name)
      return try ImageDecoder.decode(bytes, name: name)
    }
    var result = pixels
    for channel in 0..<channels {
      let plane = stride(from: channel, to: pixels.count, by: channels).map { pixels[$0] }
      let gray = try Image(width: width, height: height, channels: 1, pixels: plane).compressed(quality: quality)
      for (place, value) in gray.pixels.enumerated() { result[place * channels + channel] = value }
    }
    return Image(width: width, height: height, channels: channels, pixels: result)
  }
}
