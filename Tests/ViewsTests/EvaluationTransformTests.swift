import Testing
import Views

@Suite struct EvaluationTransformTests {
  private func render(_ transform: EvaluationTransform, _ image: Image) -> [Float] {
    var scratch = RenderScratch()
    var values = [Float](repeating: .nan, count: transform.elementCount)
    values.withUnsafeMutableBufferPointer { transform.render(image, into: $0, scratch: &scratch) }
    return values
  }

  /// Without resizing, the pixels are those of the middle; a half pixel is rounded to the even side.
  @Test func centerIsCutOut() {
    let image = Image.noise(width: 41, height: 30)
    let transform = EvaluationTransform(
      resize: 30, crop: 24, interpolation: .bicubic, normalization: .none, channels: 3)
    var expected: [UInt8] = []
    for y in 3..<27 {
      for x in 8..<32 { expected += image.pixels[((y * 41 + x) * 3)..<((y * 41 + x) * 3 + 3)] }
    }
    #expect(firstDifference(bytes(render(transform, image)), expected) == nil)
  }

  /// The rows above the crop are many more than are kept at a time.
  @Test(arguments: Interpolation.allCases) func smallCropOfALargeImage(interpolation: Interpolation) {
    let image = Image.noise(width: 300, height: 320)
    let transform = EvaluationTransform(
      resize: 300, crop: 10, interpolation: interpolation, normalization: .none, channels: 3)
    var expected: [UInt8] = []
    for y in 155..<165 { expected += image.pixels[((y * 300 + 145) * 3)..<((y * 300 + 155) * 3)] }
    #expect(firstDifference(bytes(render(transform, image)), expected) == nil)
  }

  @Test(arguments: [(60, 45), (45, 60), (20, 30)]) func cropOfTheResizedImage(shape: (Int, Int)) {
    let image = Image.noise(width: shape.0, height: shape.1)
    let (width, height) = (36 * shape.0 / min(shape.0, shape.1), 36 * shape.1 / min(shape.0, shape.1))
    var scratch = RenderScratch()
    let resized = PixelPlanes(
      image, Resampling(image.whole, height: height, width: width, interpolation: .bilinear), channelCount: 3,
      scratch: &scratch
    ).image
    var expected: [UInt8] = []
    let (top, left) = ((height - 32) / 2, (width - 32) / 2)
    for y in top..<(top + 32) {
      for x in left..<(left + 32) {
        expected += resized.pixels[((y * width + x) * 3)..<((y * width + x) * 3 + 3)]
      }
    }
    let transform = EvaluationTransform(
      resize: 36, crop: 32, interpolation: .bilinear, normalization: .none, channels: 3)
    #expect(firstDifference(bytes(render(transform, image)), expected) == nil)
  }

  @Test(arguments: Interpolation.allCases) func renderingWhatIsCroppedIsRendering(interpolation: Interpolation) {
    let transform = EvaluationTransform(
      resize: 37, crop: 29, interpolation: interpolation, normalization: .imageNet, channels: 3)
    for channels in [1, 3] {
      let image = Image.noise(width: 60, height: 45).converted(toChannels: channels)
      var scratch = RenderScratch()
      let cropped = transform.cropped(image, scratch: &scratch)
      #expect(cropped.width == 29 && cropped.height == 29 && cropped.channels == 3)
      #expect(render(transform.ofCroppedImages, cropped) == render(transform, image))
    }
  }

  @Test func grayImagesFillColorOutputs() {
    let gray = Image.noise(width: 28, height: 28, channels: 1)
    let transform = EvaluationTransform(
      resize: 28, crop: 28, interpolation: .bilinear, normalization: .none, channels: 3)
    #expect(firstDifference(bytes(render(transform, gray)), gray.converted(toChannels: 3).pixels) == nil)
  }
}
