import Testing
import Views

@Suite struct RenderingTests {
  /// Everything happens.
  private func fullParameters(_ image: Image, isFlipped: Bool = false, sigma: Double? = 1.1) -> ViewParameters {
    ViewParameters(
      sourceWidth: image.width, sourceHeight: image.height,
      crop: CropBox(top: 1, left: 2, height: image.height - 3, width: image.width - 4), isFlipped: isFlipped,
      jitter: JitterParameters(
        brightness: 1.2, contrast: 0.7, saturation: 1.3, hue: 0.06,
        order: [.contrast, .hue, .brightness, .saturation]),
      blurSigma: sigma, isSolarized: true)
  }

  @Test func operationsFollowTheDocumentedOrder() {
    let image = Image.noise(width: 40, height: 33)
    let recipe = ViewRecipe(size: 20, normalization: .none)
    var parameters = fullParameters(image)
    parameters.isGrayscale = true
    var scratch = RenderScratch()
    var planes = PixelPlanes(
      image, Resampling(parameters.crop, height: 20, width: 20, interpolation: .bilinear), channelCount: 3,
      scratch: &scratch)
    planes.adjustContrast(by: 0.7)
    planes.adjustHue(by: 0.06)
    planes.adjustBrightness(by: 1.2)
    planes.adjustSaturation(by: 1.3)
    planes.convertToGrayscale()
    planes.blurGaussian(kernelSize: 9, sigma: 1.1, scratch: &scratch)
    planes.solarize(threshold: 128)
    let view = ViewRenderer(recipe: recipe, channels: 3).rendered(image, parameters)
    #expect(firstDifference(bytes(view), planes.image.converted(toChannels: 3).pixels) == nil)
  }

  @Test(arguments: [BlurKind.torchvision, .pil], [20, 33])
  func flipCommutesWithEverything(kind: BlurKind, size: Int) {
    let image = Image.noise(width: 51, height: 40)
    let renderer = ViewRenderer(recipe: ViewRecipe(size: size, blur: BlurRecipe(kind: kind)), channels: 3)
    let straight = renderer.rendered(image, fullParameters(image))
    let flipped = renderer.rendered(image, fullParameters(image, isFlipped: true))
    var mirrored: [Float] = []
    for y in 0..<size {
      for x in (0..<size).reversed() { mirrored += straight[((y * size + x) * 3)..<((y * size + x) * 3 + 3)] }
    }
    #expect(firstDifference(flipped, mirrored) == nil)
    #expect(firstDifference(flipped, straight) != nil)
  }

  @Test func scratchDoesNotMatter() {
    let image = Image.noise(width: 45, height: 37)
    let recipes = [
      ViewRecipe(size: 20), ViewRecipe(size: 21, blur: BlurRecipe(kind: .pil)),
      ViewRecipe(size: 50, crop: CropRecipe(interpolation: .bicubic)),
    ]
    let used = RenderScratch()
    let large = Image.noise(width: 300, height: 200, seed: 9)
    _ = ViewRenderer(recipe: ViewRecipe(size: 97), channels: 3).rendered(large, fullParameters(large), scratch: used)
    for recipe in recipes {
      for channels in [1, 3] {
        let renderer = ViewRenderer(recipe: recipe, channels: channels)
        let fresh = renderer.rendered(image, fullParameters(image))
        for _ in 0..<2 {
          let again = renderer.rendered(image, fullParameters(image), scratch: used)
          #expect(firstDifference(fresh, again) == nil)
        }
        #expect(fresh.allSatisfy { $0.isFinite })
      }
    }
  }

  @Test(arguments: [(1, 1), (1, 500), (500, 1), (2, 2)], [1, 3])
  func smallAndThinImages(shape: (Int, Int), channels: Int) {
    let image = Image.noise(width: shape.0, height: shape.1, channels: channels)
    var recipe = ViewRecipe(size: 17)
    recipe.blur.probability = 1
    for kind in BlurKind.allCases {
      recipe.blur.kind = kind
      recipe.crop.interpolation = kind == .pil ? .bicubic : .bilinear
      for sample in 0..<20 {
        var random = ViewRandom(seed: 1, epoch: 0, sample: sample, view: 0)
        let parameters = recipe.drawParameters(width: image.width, height: image.height, using: &random)
        for outputs in [1, 3] {
          let view = ViewRenderer(recipe: recipe, channels: outputs).rendered(image, parameters)
          #expect(view.allSatisfy { $0.isFinite && abs($0) < 3 })
        }
      }
    }
  }

  @Test(arguments: [1, 2, 15, 16, 17, 31]) func viewsOfAnySize(size: Int) {
    let image = Image.noise(width: 19, height: 23)
    for kind in BlurKind.allCases {
      let recipe = ViewRecipe(size: size, blur: BlurRecipe(kind: kind), normalization: .none)
      let view = ViewRenderer(recipe: recipe, channels: 3).rendered(image, fullParameters(image))
      #expect(view.count == size * size * 3)
      #expect(view.allSatisfy { (0...1).contains($0) })
    }
  }

  @Test(arguments: Interpolation.allCases, [7, 30, 64])
  func resamplingKeepsConstantImages(interpolation: Interpolation, size: Int) {
    let image = Image.constant(201, width: 30, height: 25)
    let recipe = ViewRecipe(size: size, crop: CropRecipe(interpolation: interpolation), normalization: .none)
    let parameters = ViewParameters(sourceWidth: 30, sourceHeight: 25, crop: image.whole)
    #expect(Set(bytes(ViewRenderer(recipe: recipe, channels: 3).rendered(image, parameters))) == [201])
  }

  @Test(arguments: Interpolation.allCases) func sameSizeIsTheIdentity(interpolation: Interpolation) {
    let image = Image.noise(width: 33, height: 33)
    let recipe = ViewRecipe(size: 33, crop: CropRecipe(interpolation: interpolation), normalization: .none)
    let parameters = ViewParameters(sourceWidth: 33, sourceHeight: 33, crop: image.whole)
    let view = ViewRenderer(recipe: recipe, channels: 3).rendered(image, parameters)
    #expect(firstDifference(bytes(view), image.pixels) == nil)
  }

  /// A view at half the size shows what the full view shows, averaged.
  @Test(arguments: BlurKind.allCases) func anotherSizeShowsTheSame(kind: BlurKind) {
    let image = Image.gradient(width: 120, height: 90)
    var parameters = fullParameters(image, isFlipped: true, sigma: 2)
    parameters.isSolarized = false
    let recipe = ViewRecipe(size: 64, blur: BlurRecipe(kind: kind), normalization: .none)
    let full = ViewRenderer(recipe: recipe, channels: 3).rendered(image, parameters)
    let half = ViewRenderer(recipe: recipe, channels: 3, size: 32)
    #expect(half.elementCount == 32 * 32 * 3)
    let view = half.rendered(image, parameters)
    var worst: Float = 0
    for y in 0..<32 {
      for x in 0..<32 {
        for channel in 0..<3 {
          let block = [(0, 0), (0, 1), (1, 0), (1, 1)].map { full[((2 * y + $0.0) * 64 + 2 * x + $0.1) * 3 + channel] }
          worst = max(worst, abs(block.reduce(0, +) / 4 - view[(y * 32 + x) * 3 + channel]))
        }
      }
    }
    #expect(worst < 4.0 / 255)
  }

  @Test func recipeSizeGivenExplicitlyChangesNothing() {
    let image = Image.noise(width: 40, height: 30)
    let recipe = ViewRecipe(size: 24)
    let explicit = ViewRenderer(recipe: recipe, channels: 3, size: 24).rendered(image, fullParameters(image))
    let implied = ViewRenderer(recipe: recipe, channels: 3).rendered(image, fullParameters(image))
    #expect(firstDifference(explicit, implied) == nil)
  }

  @Test func grayAndColorMeet() {
    let color = Image.noise(width: 40, height: 30)
    let gray = color.converted(toChannels: 1)
    let one = Normalization(mean: [0.3], standardDeviation: [0.2])
    let renderer = ViewRenderer(recipe: ViewRecipe(size: 24, normalization: one), channels: 1)
    let fromGray = renderer.rendered(gray, fullParameters(gray))
    #expect(firstDifference(renderer.rendered(color, fullParameters(color)), fromGray) == nil)
    let repeated = ViewRenderer(recipe: ViewRecipe(size: 24, normalization: one), channels: 3)
      .rendered(gray, fullParameters(gray))
    #expect(firstDifference(repeated, fromGray.flatMap { [$0, $0, $0] }) == nil)
  }

  @Test func normalizationIsPerChannel() {
    let image = Image.constant(102, width: 8, height: 8)
    let recipe = ViewRecipe(
      size: 4, normalization: Normalization(mean: [0.1, 0.2, 0.3], standardDeviation: [0.5, 0.25, 0.1]))
    let parameters = ViewParameters(sourceWidth: 8, sourceHeight: 8, crop: image.whole)
    let view = ViewRenderer(recipe: recipe, channels: 3).rendered(image, parameters)
    for (index, value) in view.enumerated() {
      #expect(abs(value - [0.6, 0.8, 1.0][index % 3]) < 1e-5)
    }
  }

  @Test func noFactorOfOneAndNoHueOfZeroTouchesAPixel() {
    let image = Image.noise(width: 16, height: 16)
    let parameters = ViewParameters(
      sourceWidth: 16, sourceHeight: 16, crop: image.whole, jitter: JitterParameters())
    let renderer = ViewRenderer(recipe: ViewRecipe(size: 16, normalization: .none), channels: 3)
    #expect(firstDifference(bytes(renderer.rendered(image, parameters)), image.pixels) == nil)
  }
}
