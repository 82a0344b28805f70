import Testing
import Views

/// Views of images of any number of channels against those of each channel alone, as a gray image.
@Suite struct ChannelsTests {
  private static func plane(_ channel: Int, of image: Image) -> Image {
    Image(
      width: image.width, height: image.height, channels: 1,
      pixels: (0..<image.width * image.height).map { image.pixels[$0 * image.channels + channel] })
  }

  private static func noise(width: Int, height: Int, channels: Int, seed: Int) -> Image {
    var random = ViewRandom(seed: UInt64(seed), epoch: 0, sample: 0, view: 0)
    let pixels = (0..<width * height * channels).map { _ in UInt8(random.integer(below: 256)) }
    return Image(width: width, height: height, channels: channels, pixels: pixels)
  }

  private static func render(
    _ renderer: ViewRenderer, _ image: Image, _ parameters: ViewParameters, _ scratch: RenderScratch
  ) -> [Float] {
    var scratch = scratch
    var values = [Float](repeating: 0, count: renderer.elementCount)
    values.withUnsafeMutableBytes { renderer.render(ImagePart(image), parameters, into: $0, scratch: &scratch) }
    return values
  }

  @Test(arguments: [2, 4, 5, 13], [BlurKind.pil, .torchvision])
  func everyChannelIsRenderedAsIfAlone(channels: Int, blur: BlurKind) {
    let means = (0..<channels).map { Double($0) / Double(channels) }
    let deviations = (0..<channels).map { 0.1 + Double($0) / 10 }
    var recipe = ViewRecipe(size: 19, jitter: JitterRecipe(contrast: 0, saturation: 0, hue: 0))
    recipe.crop.interpolation = blur == .pil ? .bicubic : .bilinear
    recipe.blur = BlurRecipe(probability: 0.5, kind: blur)
    recipe.solarize.probability = 0.3
    recipe.erasing.probability = 0.3
    recipe.grayscaleProbability = 0
    recipe.normalization = Normalization(mean: means, standardDeviation: deviations)
    let scratch = RenderScratch()
    for (width, height) in [(41, 30), (19, 19), (7, 90), (1, 1), (150, 4)] {
      let image = Self.noise(width: width, height: height, channels: channels, seed: width)
      let planes = (0..<channels).map { Self.plane($0, of: image) }
      for view in 0..<12 {
        var random = ViewRandom(seed: 7, epoch: 0, sample: width, view: view)
        let drawn = recipe.drawParameters(width: width, height: height, using: &random)
        for size in [19, 8] {
          let together = Self.render(
            ViewRenderer(recipe: recipe, channels: channels, size: size), image, drawn, scratch)
          for channel in 0..<channels {
            var alone = recipe
            alone.normalization = Normalization(
              mean: [means[channel]], standardDeviation: [deviations[channel]])
            let expected = Self.render(
              ViewRenderer(recipe: alone, channels: 1, size: size), planes[channel], drawn, scratch)
            let found = (0..<size * size).map { together[$0 * channels + channel] }
            #expect(found == expected, "channel \(channel) of view \(view) of \(width)×\(height)")
          }
        }
      }
    }
  }

  @Test(arguments: [2, 5]) func contrastIsAboutTheMeanOfAllValues(channels: Int) {
    let image = Self.noise(width: 23, height: 17, channels: channels, seed: 3)
    var scratch = RenderScratch()
    let planes = PixelPlanes(image, scratch: &scratch)
    planes.adjustContrast(by: 0.6)
    let sum = image.pixels.reduce(0) { $0 + Int($1) }
    let mean = Float((Double(sum) / Double(image.pixels.count) + 0.5).rounded(.down))
    let expected = image.pixels.map { UInt8(max(0, min(255, mean + (Float($0) - mean) * 0.6))) }
    #expect(planes.image.pixels == expected)
  }

  @Test func nothingIsColoredWhereThereAreNoColors() {
    let image = Self.noise(width: 20, height: 20, channels: 4, seed: 1)
    var scratch = RenderScratch()
    var planes = PixelPlanes(image, scratch: &scratch)
    planes.adjustSaturation(by: 0.2)
    planes.adjustHue(by: 0.3)
    planes.convertToGrayscale()
    #expect(planes.image == image)
  }

  @Test(arguments: [2, 4, 7]) func evaluationRendersEveryChannel(channels: Int) {
    let image = Self.noise(width: 50, height: 37, channels: channels, seed: 9)
    func rendered(_ image: Image) -> [Float] {
      let transform = EvaluationTransform(
        resize: 20, crop: 16, interpolation: .bicubic,
        normalization: Normalization(mean: [0.4], standardDeviation: [0.2]), channels: image.channels)
      var values = [Float](repeating: 0, count: transform.elementCount)
      var scratch = RenderScratch()
      values.withUnsafeMutableBufferPointer { transform.render(image, into: $0, scratch: &scratch) }
      return values
    }
    let together = rendered(image)
    for channel in 0..<channels {
      let expected = rendered(Self.plane(channel, of: image))
      #expect((0..<16 * 16).map { together[$0 * channels + channel] } == expected)
    }
  }

  @Test func conversionIsBetweenGrayAndColorAlone() {
    for (from, to, isPossible) in [(1, 3, true), (3, 1, true), (4, 4, true), (4, 3, false), (1, 4, false)] {
      let image = Self.noise(width: 2, height: 2, channels: from, seed: 1)
      #expect(image.isConvertible(toChannels: to) == isPossible)
      if isPossible { #expect(image.converted(toChannels: to).channels == to) }
    }
  }
}
