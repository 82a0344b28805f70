import Testing
import Views

/// Every operation against what torchvision and Pillow make of the same 8-bit pixels.
@Suite struct OperationsReferenceTests {
  let fixture: ReferenceFixture
  var small: Image { fixture["small"].image }

  init() throws { fixture = try ReferenceFixture(named: "views.safetensors") }

  /// Applies an operation to the small image and compares it with every tensor of that name.
  private func check(
    _ prefix: String, _ operation: (inout PixelPlanes, [String], inout RenderScratch) -> Void
  ) {
    let cases = fixture.cases(of: prefix)
    #expect(!cases.isEmpty, "The fixture has no case of \(prefix).")
    for (rest, tensor) in cases {
      var scratch = RenderScratch()
      var planes = PixelPlanes(small, scratch: &scratch)
      operation(&planes, words(rest), &scratch)
      expectClose(planes.image.converted(toChannels: 3), tensor.image, prefix + rest)
    }
  }

  /// The parts of a name between dots, where a dot before a digit is a decimal point.
  private func words(_ name: String) -> [String] {
    name.split(separator: ".").reduce(into: []) { words, part in
      let isDecimal = part.allSatisfy(\.isNumber) && words.last?.last?.isNumber == true
      if isDecimal { words[words.count - 1] += "." + part } else { words.append(String(part)) }
    }
  }

  private func expectClose(_ image: Image, _ reference: Image, _ name: String) {
    let (largest, mean) = difference(image, reference)
    #expect(largest <= 2, "\(name): the worst pixel is off by \(largest)/255.")
    #expect(mean <= 0.5, "\(name): pixels are off by \(mean)/255 on average.")
  }

  @Test func brightness() {
    check("brightness.") { planes, words, _ in planes.adjustBrightness(by: Double(words[0])!) }
  }

  @Test func contrast() {
    check("contrast.") { planes, words, _ in planes.adjustContrast(by: Double(words[0])!) }
  }

  @Test func saturation() {
    check("saturation.") { planes, words, _ in planes.adjustSaturation(by: Double(words[0])!) }
  }

  @Test func hue() {
    check("hue.") { planes, words, _ in planes.adjustHue(by: Double(words[0])!) }
  }

  @Test func grayscale() {
    check("grayscale") { planes, _, _ in planes.convertToGrayscale() }
  }

  @Test func solarize() {
    check("solarize.") { planes, words, _ in planes.solarize(threshold: Int(words[0])!) }
  }

  @Test func torchvisionBlur() {
    check("gaussian_blur.") { planes, words, scratch in
      planes.blurGaussian(
        kernelSize: Int(words[0].dropFirst("kernel".count))!, sigma: Double(words[1].dropFirst("sigma".count))!,
        scratch: &scratch)
    }
  }

  @Test func pillowBlur() {
    check("pil_gaussian_blur.") { planes, words, scratch in
      planes.blurBoxes(radius: Double(words[0].dropFirst("radius".count))!, scratch: &scratch)
    }
  }

  @Test func resizedCrop() throws {
    let image = fixture["image"].image
    let boxes = fixture["boxes_top_left_height_width"].rows
    let cases = fixture.cases(of: "resized_crop.")
    #expect(!cases.isEmpty)
    for (rest, tensor) in cases {
      let words = rest.split(separator: ".").map(String.init)
      let box = try boxes[#require(Int(words[0]))]
      let interpolation = try #require(Interpolation(rawValue: words[1]))
      let resampling = Resampling(
        CropBox(top: box[0], left: box[1], height: box[2], width: box[3]), height: tensor.shape[0],
        width: tensor.shape[1], interpolation: interpolation)
      var scratch = RenderScratch()
      let planes = PixelPlanes(image, resampling, channelCount: 3, scratch: &scratch)
      expectClose(planes.image, tensor.image, "resized_crop." + rest)
    }
  }

  @Test func horizontalFlip() {
    let whole = CropBox(top: 0, left: 0, height: small.height, width: small.width)
    let resampling = Resampling(
      whole, height: small.height, width: small.width, interpolation: .bilinear, isFlipped: true)
    var scratch = RenderScratch()
    let flipped = PixelPlanes(small, resampling, channelCount: 3, scratch: &scratch).image
    #expect(firstDifference(flipped.pixels, fixture["hflip"].image.pixels) == nil)
  }
}
