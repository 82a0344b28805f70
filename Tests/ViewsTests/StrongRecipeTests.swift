import Testing
import Views

/// 3-Augment, erasing, other pixel formats and parts of images.
@Suite struct StrongRecipeTests {
  @Test func threeAugmentDoesExactlyOneOfThree() {
    let recipe = ViewRecipe(size: 32, threeAugment: true)
    var counts = [0, 0, 0]
    for sample in 0..<3000 {
      var random = ViewRandom(seed: 5, epoch: 0, sample: sample, view: 0)
      let drawn = recipe.drawParameters(width: 40, height: 40, using: &random)
      let happened = [drawn.isGrayscale, drawn.isSolarized, drawn.blurSigma != nil]
      #expect(happened.filter { $0 }.count == 1)
      counts[happened.firstIndex(of: true)!] += 1
    }
    // A third each, standard deviation 26.
    #expect(counts.allSatisfy { (870...1130).contains($0) })
  }

  /// DeiT III jitters last: what is solarized is the view before the jitter.
  @Test func threeAugmentJittersLast() {
    let image = Image.noise(width: 24, height: 24)
    var parameters = ViewParameters(
      sourceWidth: 24, sourceHeight: 24, crop: image.whole, jitter: JitterParameters(brightness: 0.5),
      isSolarized: true)
    let recipe = ViewRecipe(size: 24, threeAugment: true, normalization: .none)
    var scratch = RenderScratch()
    let planes = PixelPlanes(image, scratch: &scratch)
    planes.solarize(threshold: 128)
    planes.adjustBrightness(by: 0.5)
    let view = bytes(ViewRenderer(recipe: recipe, channels: 3).rendered(image, parameters))
    #expect(firstDifference(view, planes.image.pixels) == nil)
    parameters.isSolarized = false
    #expect(firstDifference(view, bytes(ViewRenderer(recipe: recipe, channels: 3).rendered(image, parameters))) != nil)
  }

  @Test(arguments: [1, 3], [32, 16]) func erasedPixelsBecomeZero(imageChannels: Int, size: Int) {
    let image = Image.noise(width: 40, height: 30, channels: imageChannels)
    let recipe = ViewRecipe(size: 32, erasing: ErasingRecipe(probability: 1))
    let plain = ViewRecipe(size: 32)
    for sample in 0..<50 {
      var random = ViewRandom(seed: 2, epoch: 0, sample: sample, view: 0)
      var drawn = recipe.drawParameters(width: 40, height: 30, using: &random)
      guard let box = drawn.erased else { continue }
      let view = ViewRenderer(recipe: recipe, channels: 3, size: size).rendered(image, drawn)
      drawn.erased = nil
      let whole = ViewRenderer(recipe: plain, channels: 3, size: size).rendered(image, drawn)
      let unit = 32 / size
      for y in 0..<size {
        for x in 0..<size {
          let rows = (box.top * size + 16) / 32..<((box.top + box.height) * size + 16) / 32
          let columns = (box.left * size + 16) / 32..<((box.left + box.width) * size + 16) / 32
          for channel in 0..<3 {
            let place = (y * size + x) * 3 + channel
            if rows.contains(y) && columns.contains(x) {
              #expect(abs(view[place]) < 1e-5, "row \(y), column \(x) of \(size), one in \(unit)")
            } else {
              #expect(view[place] == whole[place])
            }
          }
        }
      }
    }
  }

  /// torchvision's bounds: 2 to 33 % of the area, each side smaller than the view.
  @Test func erasedRectanglesLieInTheView() {
    let recipe = ErasingRecipe(probability: 0.5)
    var areas: [Double] = []
    for sample in 0..<4000 {
      var random = ViewRandom(seed: 7, epoch: 0, sample: sample, view: 0)
      guard let box = ViewRecipe(size: 64, erasing: recipe).drawParameters(width: 64, height: 64, using: &random).erased
      else { continue }
      #expect(box.top >= 0 && box.left >= 0 && box.height < 64 && box.width < 64)
      #expect(box.top + box.height <= 64 && box.left + box.width <= 64)
      areas.append(Double(box.area) / 4096)
    }
    #expect((1850...2150).contains(areas.count))
    #expect(areas.min()! > 0.015 && areas.max()! < 0.34)
    // Uniform areas, less those that do not fit: between the mean of small ones and 0.175.
    #expect(abs(areas.reduce(0, +) / Double(areas.count) - 0.17) < 0.02)
  }

  /// bfloat16 is the rounded float32; uint8 is what float32 was normalized from.
  @Test(arguments: [1, 3], [1, 3]) func formatsAgree(imageChannels: Int, channels: Int) {
    let image = Image.noise(width: 33, height: 21, channels: imageChannels)
    let statistics = channels == 3 ? Normalization.imageNet : Normalization(mean: [0.3], standardDeviation: [0.2])
    let recipe = ViewRecipe(size: 19, normalization: statistics)
    var random = ViewRandom(seed: 1, epoch: 0, sample: 0, view: 0)
    let drawn = recipe.drawParameters(width: 33, height: 21, using: &random)
    let exact = ViewRenderer(recipe: recipe, channels: channels).rendered(image, drawn)

    func rendered<Value: BitwiseCopyable>(_ format: PixelFormat, _ zero: Value) -> [Value] {
      let renderer = ViewRenderer(recipe: recipe, channels: channels, format: format)
      #expect(renderer.byteCount == exact.count * MemoryLayout<Value>.stride)
      var values = [Value](repeating: zero, count: exact.count)
      var scratch = RenderScratch()
      values.withUnsafeMutableBytes { renderer.render(ImagePart(image), drawn, into: $0, scratch: &scratch) }
      return values
    }
    for (half, value) in zip(rendered(.bfloat16, UInt16(0)), exact) {
      let back = Float(bitPattern: UInt32(half) << 16)
      #expect(abs(back - value) <= abs(value) / 256)
    }
    for (index, (byte, value)) in zip(rendered(.uint8, UInt8(0)), exact).enumerated() {
      let channel = min(index % channels, statistics.mean.count - 1)
      let normalized = (Double(byte) / 255 - statistics.mean[channel]) / statistics.standardDeviation[channel]
      #expect(abs(normalized - Double(value)) < 1e-5)
    }
  }

  /// Crops of a part are the crops of the whole, bit by bit.
  @Test func aPartGivesTheSameViewsAsTheWhole() {
    let image = Image.noise(width: 50, height: 40)
    let box = CropBox(top: 5, left: 9, height: 30, width: 33)
    var cut: [UInt8] = []
    for y in 5..<35 { cut += image.pixels[((y * 50 + 9) * 3)..<((y * 50 + 42) * 3)] }
    let part = ImagePart(
      Image(width: 33, height: 30, channels: 3, pixels: cut), ofWidth: 50, height: 40, reduction: 1, top: 5, left: 9)
    let renderer = ViewRenderer(recipe: ViewRecipe(size: 21), channels: 3)
    for sample in 0..<20 {
      var random = ViewRandom(seed: 4, epoch: 0, sample: sample, view: 0)
      var drawn = ViewRecipe(size: 21).drawParameters(width: 33, height: 30, using: &random)
      drawn.crop.top += box.top
      drawn.crop.left += box.left
      #expect(firstDifference(renderer.rendered(part, drawn), renderer.rendered(image, drawn)) == nil)
    }
  }

  /// A smooth image reduced by averaging gives nearly the views of the whole, wherever crops cut through pixels.
  @Test(arguments: [2, 4, 8]) func aReducedImageGivesNearlyTheSameViews(reduction: Int) {
    let (width, height) = (333, 245)
    let image = Image.gradient(width: width, height: height)
    let (columns, rows) = ((width + reduction - 1) / reduction, (height + reduction - 1) / reduction)
    var pixels: [UInt8] = []
    for y in 0..<rows {
      for x in 0..<columns {
        for channel in 0..<3 {
          var (sum, count) = (0, 0)
          for row in (y * reduction)..<min(height, (y + 1) * reduction) {
            for column in (x * reduction)..<min(width, (x + 1) * reduction) {
              sum += Int(image.pixels[(row * width + column) * 3 + channel])
              count += 1
            }
          }
          pixels.append(UInt8((sum + count / 2) / count))
        }
      }
    }
    let part = ImagePart(
      Image(width: columns, height: rows, channels: 3, pixels: pixels), ofWidth: width, height: height,
      reduction: reduction, top: 0, left: 0)
    let recipe = ViewRecipe(size: 16, normalization: .none)
    let renderer = ViewRenderer(recipe: recipe, channels: 3)
    for sample in 0..<30 {
      var random = ViewRandom(seed: 8, epoch: 0, sample: sample, view: 0)
      let crop = recipe.crop.drawBox(width: width, height: height, using: &random)
      let drawn = ViewParameters(sourceWidth: width, sourceHeight: height, crop: crop, isFlipped: sample % 2 == 0)
      let worst = zip(renderer.rendered(part, drawn), renderer.rendered(image, drawn)).map { abs($0 - $1) }.max()!
      #expect(worst < 4.0 / 255, "crop \(crop)")
    }
  }
}
