import Testing
import Views

@Suite struct ImagePyramidTests {
  /// The rounded mean of the pixels that one pixel of the halved image stands for.
  private func mean(_ image: Image, row: Int, column: Int, channel: Int) -> UInt8 {
    let rows = (2 * row)..<min(2 * row + 2, image.height)
    let columns = (2 * column)..<min(2 * column + 2, image.width)
    // A missing neighbor is replaced by the one that is there.
    let values = [rows.lowerBound, rows.upperBound - 1].flatMap { y in
      [columns.lowerBound, columns.upperBound - 1].map { x in
        Int(image.pixels[(y * image.width + x) * image.channels + channel])
      }
    }
    return UInt8((values.reduce(0, +) + 2) / 4)
  }

  @Test(arguments: [(2, 2), (3, 2), (2, 3), (17, 9), (64, 40), (33, 31)], [1, 3])
  func halvingIsTheMeanOfFour(shape: (Int, Int), channels: Int) throws {
    let image = Image.noise(width: shape.0, height: shape.1, channels: channels)
    let half = try #require(ImagePart(image).halved())
    #expect(half.reduction == 2 && half.top == 0 && half.left == 0)
    #expect(half.sourceWidth == shape.0 && half.sourceHeight == shape.1)
    #expect(half.image.width == (shape.0 + 1) / 2 && half.image.height == (shape.1 + 1) / 2)
    for row in 0..<half.image.height {
      for column in 0..<half.image.width {
        for channel in 0..<channels {
          let value = half.image.pixels[(row * half.image.width + column) * channels + channel]
          #expect(value == mean(image, row: row, column: column, channel: channel))
        }
      }
    }
  }

  @Test(arguments: [(1, 1), (1, 9), (9, 1)]) func linesAreNotHalved(shape: (Int, Int)) {
    #expect(ImagePart(.noise(width: shape.0, height: shape.1)).halved() == nil)
  }

  /// A part halves to pixels of the whole image halved, whether it starts at an even or an odd place.
  @Test(arguments: [0, 1, 4, 7], [0, 3]) func partsHalveAsTheWhole(top: Int, left: Int) throws {
    let image = Image.noise(width: 40, height: 30)
    let whole = try #require(ImagePart(image).halved()).image
    let (height, width) = (16 + top % 2, 20 + left % 2)
    var cut: [UInt8] = []
    for y in top..<top + height { cut += image.pixels[((y * 40 + left) * 3)..<((y * 40 + left + width) * 3)] }
    let part = ImagePart(
      Image(width: width, height: height, channels: 3, pixels: cut), ofWidth: 40, height: 30, reduction: 1, top: top,
      left: left)
    let half = try #require(part.halved())
    #expect(half.image.height == 8 && half.image.width == 10)
    for row in 0..<8 {
      let start = ((half.top + row) * whole.width + half.left) * 3
      #expect(Array(half.image.pixels[(row * 30)..<(row * 30 + 30)]) == Array(whole.pixels[start..<start + 30]))
    }
  }

  @Test func theCoarsestEnoughIsTaken() {
    var pyramid = ImagePyramid(ImagePart(.noise(width: 400, height: 300)))
    let crop = CropBox(top: 11, left: 7, height: 201, width: 256)
    #expect(pyramid.part(for: crop, size: 100, margin: 2).reduction == 1)
    #expect(pyramid.part(for: crop, size: 100, margin: 1).reduction == 2)
    #expect(pyramid.part(for: crop, size: 10, margin: 2).reduction == 8)
    #expect(pyramid.part(for: crop, size: 1, margin: 1).reduction == 8)
    #expect(pyramid.part(for: crop, size: 10, margin: 0).reduction == 1)
  }

  /// Small views from halved pixels are nearly those from all pixels, on a smooth image and wherever the crop lies.
  @Test func smallViewsLookTheSame() {
    let image = Image.gradient(width: 300, height: 220)
    let recipe = ViewRecipe(size: 64, normalization: .none)
    let renderer = ViewRenderer(recipe: recipe, channels: 3, size: 32)
    var pyramid = ImagePyramid(ImagePart(image))
    var reductions: Set<Int> = []
    for sample in 0..<40 {
      var random = ViewRandom(seed: 12, epoch: 0, sample: sample, view: 0)
      let crop = recipe.crop.drawBox(width: 300, height: 220, using: &random)
      let drawn = ViewParameters(sourceWidth: 300, sourceHeight: 220, crop: crop, isFlipped: sample % 2 == 0)
      let part = pyramid.part(for: crop, size: 32, margin: 2)
      reductions.insert(part.reduction)
      let worst = zip(renderer.rendered(part, drawn), renderer.rendered(image, drawn)).map { abs($0 - $1) }.max()!
      #expect(worst < 3.0 / 255)
    }
    #expect(reductions.isSuperset(of: [1, 2]))
  }
}
