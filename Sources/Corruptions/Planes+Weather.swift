import Views

extension Planes {
  /// Lets flakes fall, in streaks and turned by half a circle once more, on a whitened image.
  mutating func addSnow(_ snow: CorruptionConstants.Snow, using draws: inout some CorruptionDraws) {
    var layer = Planes(width: width, height: height, channels: 1)
    layer.forEachValue { $0 = Float(snow.mean + snow.deviation * draws.normal()) }
    layer = layer.magnified(snow.zoom)
    let threshold = Float(snow.threshold)
    layer.map { $0 < threshold ? 0 : min($0, 1) }
    layer.blurMotion(radius: snow.radius, sigma: snow.sigma, angle: draws.uniform(-135, -45))
    layer.map { ($0 * 255).rounded(.toNearestOrEven) / 255 }
    let lightness = lightness
    let (count, remainder) = (planeCount, Float(snow.remainder))
    for channel in 0..<channels {
      for place in 0..<count {
        let value = values[channel * count + place]
        let white = max(value, lightness[place] * 1.5 + 0.5)
        values[channel * count + place] =
          remainder * value + (1 - remainder) * white + layer.values[place] + layer.values[count - 1 - place]
      }
    }
  }

  /// Luma of three channels, the mean of any other number.
  private var lightness: [Float] {
    let weights: [Float] =
      channels == 3 ? [0.299, 0.587, 0.114] : Array(repeating: 1 / Float(channels), count: channels)
    return (0..<planeCount).map { place in
      weights.enumerated().reduce(0) { $0 + $1.element * values[$1.offset * planeCount + place] }
    }
  }

  /// Mixes the image with ice.
  mutating func addFrost(image share: Double, ice: Double, using draws: inout some CorruptionDraws) {
    let texture = IceTexture(width: width, height: height, using: &draws)
    for channel in 0..<channels {
      let tint = channels == 3 ? IceTexture.tints[channel] : 1
      for place in 0..<planeCount {
        values[channel * planeCount + place] =
          Float(share) * values[channel * planeCount + place] + Float(ice * tint) * texture.brightness[place]
      }
    }
  }

  /// Lays a plasma fractal over the image, which keeps its brightest value.
  mutating func addFog(amount: Double, decay: Double, using draws: inout some CorruptionDraws) {
    let fractal = PlasmaFractal(covering: width, height, decay: decay, using: &draws)
    let brightest = values.max()!
    let scale = brightest / (brightest + Float(amount))
    for channel in 0..<channels {
      for y in 0..<height {
        for x in 0..<width {
          let place = channel * planeCount + y * width + x
          values[place] = (values[place] + Float(amount * fractal[y, x])) * scale
        }
      }
    }
  }

  /// Raises the largest of each pixel's channels, its value in HSV, and the others in proportion.
  mutating func brighten(by amount: Double) {
    let count = planeCount
    for place in 0..<count {
      var value: Float = 0
      for channel in 0..<channels { value = max(value, values[channel * count + place]) }
      let raised = min(value + Float(amount), 1)
      for channel in 0..<channels {
        values[channel * count + place] = value > 0 ? values[channel * count + place] * (raised / value) : raised
      }
    }
  }
}
