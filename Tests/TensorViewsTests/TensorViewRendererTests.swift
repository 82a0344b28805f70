import TestSupport
import Testing
import Torch
import Views

@testable import TensorViews

@Suite struct TensorViewRendererTests {
  /// Random pixels on slow gradients, so that neither borders nor flat places are missing.
  private static func image(width: Int, height: Int, channels: Int, seed: UInt64) -> Image {
    var random = ViewRandom(seed: seed, epoch: 0, sample: 0, view: 0)
    var pixels: [UInt8] = []
    for y in 0..<height {
      for x in 0..<width {
        for channel in 0..<channels {
          let slow = Double((x * (channel + 1) + y * (3 - channel)) % 300) / 300 * 220
          let isFlat = (x / 9 + y / 7) % 3 == 0
          pixels.append(UInt8(min(255, slow + (isFlat ? 0 : Double(random.integer(below: 60))))))
        }
      }
    }
    return Image(width: width, height: height, channels: channels, pixels: pixels)
  }

  static let recipes: [String: ViewRecipe] = {
    var everything = ViewRecipe(
      size: 24, jitter: JitterRecipe(probability: 1, brightness: 0.8, contrast: 0.8, saturation: 0.8, hue: 0.5),
      grayscaleProbability: 0.3, blur: BlurRecipe(probability: 1, kernelSize: 7),
      solarize: SolarizeRecipe(probability: 0.5), erasing: ErasingRecipe(probability: 0.7))
    everything.crop.scale = [0.05, 1]
    var pil = everything
    (pil.blur.kind, pil.crop.interpolation, pil.solarize.threshold) = (.pil, .bicubic, 100)
    var three = everything
    (three.threeAugment, three.normalization) = (true, Normalization(mean: [0.5], standardDeviation: [0.25]))
    var own = everything
    own.operations = [
      NamedViewOperation(Fold(), name: "fold", settings: ""), NamedViewOperation(Fold(), name: "again", settings: ""),
    ]
    return [
      "own": own, "simsiam": ViewRecipe(size: 32), "plain": ViewRecipe(size: 20, jitter: JitterRecipe(probability: 0)),
      "everything": everything, "pil": pil, "three": three,
    ]
  }()

  /// Folds values at a drawn height; a view that is not to be folded stays as it is.
  private struct Fold: TensorViewOperation {
    func draw(using random: inout ViewRandom) -> [Double]? {
      random.uniform() < 0.7 ? [Double(210 + random.integer(below: 30))] : nil
    }
    func apply(_ drawn: [Double], to pixels: ViewPixels) {
      pixels.forEachRow { row in
        for x in row.indices where Double(row[x]) > drawn[0] { row[x] = Float(2 * drawn[0]) - row[x] }
      }
    }
    func apply(_ drawn: [[Double]], to planes: Tensor, scale: Double) -> Tensor {
      let heights = Tensor(drawn.map { Float($0[0]) }, shape: [drawn.count, 1, 1, 1])
      return planes.replacing(where: (planes - heights) .> 0.0, with: 2.0 * heights - planes)
    }
  }

  /// Has no form with tensor operators.
  private struct Nothing: ViewOperation {
    func draw(using random: inout ViewRandom) -> [Double]? { [] }
    func apply(_ drawn: [Double], to pixels: ViewPixels) {}
  }

  @Test func operationsWithoutATensorFormAreRenderedOnTheProcessor() {
    var recipe = ViewRecipe()
    recipe.operations = [NamedViewOperation(Nothing(), name: "nothing", settings: "")]
    #expect(TensorViewRenderer(ViewRenderer(recipe: recipe, channels: 3)) == nil)
    #expect(recipe != ViewRecipe() && ViewRecipe().operations.isEmpty)
  }

  private func expected(_ renderer: ViewRenderer, _ part: ImagePart, _ parameters: ViewParameters) -> [UInt8] {
    var scratch = RenderScratch()
    var pixels = [UInt8](repeating: 0, count: renderer.byteCount)
    pixels.withUnsafeMutableBytes { renderer.render(part, parameters, into: $0, scratch: &scratch) }
    return pixels
  }

  /// Colour and grey images of all shapes, one of them a part of a larger one, one decoded at half its resolution.
  private static let parts: [ImagePart] = {
    let shapes = [(61, 40, 3), (17, 90, 3), (200, 150, 1), (24, 24, 3), (5, 3, 3), (130, 31, 1)]
    let images = shapes.enumerated().map { image(width: $1.0, height: $1.1, channels: $1.2, seed: UInt64($0)) }
    return images.map { ImagePart($0) } + [
      ImagePart(images[0], ofWidth: 121, height: 80, reduction: 2, top: 0, left: 0)
    ]
  }()

  private static func requests(_ recipe: ViewRecipe, count: Int = 42) -> [TensorViewRenderer.Request] {
    (0..<count).map { view in
      let image = (view * 5) % parts.count
      var random = ViewRandom(seed: 7, epoch: 0, sample: image, view: view)
      return .init(
        image: image,
        recipe.drawParameters(width: parts[image].sourceWidth, height: parts[image].sourceHeight, using: &random))
    }
  }

  /// Every pixel is that of the processor's renderer; 2 of 255 are allowed where sums are made in another order.
  @Test(arguments: recipes.keys.sorted(), [1, 3])
  func pixelsAreThoseOfTheOtherRenderer(name: String, channels: Int) throws {
    let recipe = try #require(Self.recipes[name])
    let (parts, requests) = (Self.parts, Self.requests(recipe))
    for size in [recipe.size, recipe.size / 2] {
      let plain = ViewRenderer(recipe: recipe, channels: channels, size: size, format: .uint8)
      let renderer = try #require(TensorViewRenderer(plain))
      let rendered = renderer.render(requests, of: SourceImages(parts, channels: channels))
      #expect(rendered.shape == [42, size, size, channels] && rendered.dtype == .uint8)
      let pixels = rendered.scalars(as: UInt8.self)
      var (worst, differing) = (0, 0)
      for (number, request) in requests.enumerated() {
        let reference = expected(plain, parts[request.image], request.parameters)
        for (a, b) in zip(pixels[(number * reference.count)...], reference) where a != b {
          worst = max(worst, abs(Int(a) - Int(b)))
          differing += 1
        }
      }
      #expect(worst <= 2 && Double(differing) < 0.001 * Double(pixels.count))
      #expect(Set(pixels).count > 200)
    }
  }

  /// The same for images of other channels, which have no colors to change.
  @Test(arguments: recipes.keys.sorted(), [2, 5])
  func pixelsOfOtherChannelsAreThoseOfTheOtherRenderer(name: String, channels: Int) throws {
    let recipe = try #require(Self.recipes[name])
    let parts = Self.parts.map { part in
      let gray = part.image.converted(toChannels: 1)
      let pixels = gray.pixels.indices.flatMap { place in
        (0..<channels).map { gray.pixels[(place + 7 * $0) % gray.pixels.count] }
      }
      let image = Image(width: gray.width, height: gray.height, channels: channels, pixels: pixels)
      return ImagePart(
        image, ofWidth: part.sourceWidth, height: part.sourceHeight, reduction: part.reduction, top: part.top,
        left: part.left)
    }
    let requests = Self.requests(recipe)
    let plain = ViewRenderer(recipe: recipe, channels: channels, format: .uint8)
    let rendered = try #require(TensorViewRenderer(plain))
      .render(requests, of: SourceImages(parts, channels: channels)).scalars(as: UInt8.self)
    var (worst, differing) = (0, 0)
    for (number, request) in requests.enumerated() {
      let reference = expected(plain, parts[request.image], request.parameters)
      for (a, b) in zip(rendered[(number * reference.count)...], reference) where a != b {
        worst = max(worst, abs(Int(a) - Int(b)))
        differing += 1
      }
    }
    #expect(worst <= 2 && Double(differing) < 0.001 * Double(rendered.count))
  }

  /// Normalized, as networks take them.
  @Test(arguments: [PixelFormat.float32, .bfloat16]) func valuesAreNormalized(format: PixelFormat) throws {
    let recipe = ViewRecipe(size: 16)
    let plain = ViewRenderer(recipe: recipe, channels: 3, format: format)
    let requests = Self.requests(recipe)
    let rendered = try #require(TensorViewRenderer(plain)).render(requests, of: SourceImages(Self.parts, channels: 3))
    for (number, request) in requests.enumerated() {
      let bytes = expected(plain, Self.parts[request.image], request.parameters)
      let reference = bytes.withUnsafeBytes { Tensor(copying: $0, shape: [16, 16, 3], dtype: rendered.dtype) }
      let view = rendered.narrowed(along: 0, from: number, count: 1).reshaped([16, 16, 3])
      #expect(relativeError(view, reference) < (format == .float32 ? 1e-6 : 1e-2))
    }
  }

  /// However few are made at once.
  @Test func piecesAreTheWhole() throws {
    let recipe = try #require(Self.recipes["everything"])
    let requests = Self.requests(recipe)
    var renderer = try #require(TensorViewRenderer(ViewRenderer(recipe: recipe, channels: 3, format: .uint8)))
    let source = SourceImages(Self.parts, channels: 3)
    let whole = renderer.render(requests, of: source).scalars(as: UInt8.self)
    renderer.sourceElementsAtOnce = 20_000
    renderer.elementsAtOnce = 11 * 24 * 24 * 3
    #expect(renderer.render(requests, of: source).scalars(as: UInt8.self) == whole)
    #expect(renderer.render([], of: source).shape == [0, 24, 24, 3])
  }

  @Test(.oneAtATime, arguments: otherDevices) func viewsAreTheSameOnAnotherDevice(device: Device) throws {
    let recipe = try #require(Self.recipes["pil"])
    func render() throws -> Tensor {
      let renderer = try #require(TensorViewRenderer(ViewRenderer(recipe: recipe, channels: 3, format: .uint8)))
      return renderer.render(Self.requests(recipe, count: 9), of: SourceImages(Self.parts, channels: 3))
    }
    let there = try withDevice(device, render)
    #expect(there.device == device)
    let differences = try zip(there.scalars(as: UInt8.self), render().scalars(as: UInt8.self)).map {
      abs(Int($0) - Int($1))
    }
    #expect(differences.max()! <= 2)
  }

  @Test func recipesWithRandAugmentAreLeftToTheProcessor() {
    let recipe = ViewRecipe(size: 16, randAugment: RandAugmentRecipe(operations: 2))
    #expect(TensorViewRenderer(ViewRenderer(recipe: recipe, channels: 3)) == nil)
  }
}
