import Testing
import Views

@testable import ImageData

@Suite struct EncodedImageTests {
  /// The pixels of a box that the part holds, where the box is in pixels of the whole reduced image.
  private func pixels(of part: ImagePart, in box: CropBox) -> [UInt8] {
    let channels = part.image.channels
    return (box.top..<box.top + box.height).flatMap { row in
      let start = ((row - part.top) * part.image.width + box.left - part.left) * channels
      return part.image.pixels[start..<start + box.width * channels]
    }
  }

  private func everything(_ image: EncodedImage, reduction: Int) -> PixelNeed {
    PixelNeed(box: CropBox(top: 0, left: 0, height: image.height, width: image.width), reduction: reduction)
  }

  @Test(arguments: ImageFixtures.reduced, [2, 4, 8]) func reducesAsPillow(name: String, reduction: Int) throws {
    let image = try EncodedImage(contentsOf: ImageFixtures.path(name))
    let part = try image.pixels(everything(image, reduction: reduction))
    let truth = try ImageFixtures.truth(of: "\(name).\(reduction)")
    #expect(part == ImagePart(truth, ofWidth: 31, height: 23, reduction: reduction, top: 0, left: 0))
  }

  @Test(arguments: ImageFixtures.large, [1, 2, 4, 8]) func partsAreThoseOfTheWhole(name: String, reduction: Int) throws
  {
    var random = ViewRandom(seed: 3, epoch: 0, sample: 0, view: reduction)
    let image = try EncodedImage(contentsOf: ImageFixtures.path(name))
    let whole = try image.pixels(everything(image, reduction: reduction))
    for _ in 0..<25 {
      let height = 1 + random.integer(below: image.height)
      let width = 1 + random.integer(below: image.width)
      let box = CropBox(
        top: random.integer(below: image.height - height + 1), left: random.integer(below: image.width - width + 1),
        height: height, width: width)
      let part = try image.pixels(PixelNeed(box: box, reduction: reduction))
      #expect(part.reduction == whole.reduction && part.sourceWidth == image.width && part.sourceHeight == image.height)
      let needed = PixelNeed(box: box, reduction: part.reduction).reducedBox
      let held = CropBox(top: part.top, left: part.left, height: part.image.height, width: part.image.width)
      #expect(held.intersectionArea(with: needed) == needed.area)
      #expect(pixels(of: part, in: held) == pixels(of: whole, in: held), "\(name), \(box), 1/\(reduction)")
    }
  }

  @Test func turnsBeforeItReduces() throws {
    for value in 2...8 {
      let name = ImageFixtures.path("parts/oriented-\(value).jpg")
      let stored = try EncodedImage(contentsOf: name, options: DecodingOptions(appliesOrientation: false))
      let image = try EncodedImage(contentsOf: name)
      #expect(image.width == (value < 5 ? stored.width : stored.height))
      let part = try image.pixels(everything(image, reduction: 4))
      // The odd ones have sides that 4 divides; the others would be flipped about a column of one pixel.
      let orientation = try #require(Orientation(rawValue: value))
      #expect(part.reduction == (value % 2 == 1 || value == 4 && stored.height % 4 == 0 ? 4 : 1), "\(orientation)")
      #expect(part == orientation.upright(try stored.pixels(everything(stored, reduction: part.reduction))))
    }
  }

  @Test func takesNoMoreThanTheImageHas() throws {
    let image = try EncodedImage(contentsOf: ImageFixtures.path("parts/420.jpg"))
    let around = CropBox(top: -5, left: -7, height: 1000, width: 1000)
    let part = try image.pixels(PixelNeed(box: around, reduction: 3))
    #expect(part.reduction == 2 && part.image.width == 67 && part.image.height == 51)
    let beside = CropBox(top: 101, left: 133, height: 0, width: 0)
    let corner = try image.pixels(PixelNeed(box: beside))
    #expect(corner.top == 100 && corner.left == 132 && corner.image.shape == [1, 1, 3])
  }

  @Test func refusesWhatIsCutBelowThePart() throws {
    for name in ImageFixtures.large where name.hasSuffix(".jpg") || name.hasSuffix(".webp") {
      let bytes = try ImageFixtures.bytes(name)
      let top = PixelNeed(box: CropBox(top: 0, left: 0, height: 8, width: 8), reduction: 1)
      for length in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 60)) {
        #expect(throws: ImageError.self, "\(name), \(length) of \(bytes.count) bytes") {
          _ = try EncodedImage(Array(bytes.prefix(length)), name: name).pixels(top)
        }
      }
      #expect(throws: ImageError.self) { _ = try EncodedImage(bytes.dropLast(2), name: name).pixels(top) }
    }
  }

  @Test func readsHeadersOfHugeImages() throws {
    for (name, side) in [("bomb.jpg", 30_000), ("bomb.webp", 16_383), ("bomb.png", 100_000)] {
      let path = ImageFixtures.path(name)
      let limit = DecodingOptions.defaultPixelLimit
      #expect(throws: ImageError(path: path, problem: .tooManyPixels(width: side, height: side, limit: limit))) {
        _ = try EncodedImage(contentsOf: path)
      }
      let image = try EncodedImage(contentsOf: path, options: DecodingOptions(pixelLimit: side * side))
      #expect(image.width == side && image.height == side && image.name == path)
      let corner = CropBox(top: 0, left: 0, height: 1, width: 1)
      #expect(throws: ImageError.self) { _ = try image.pixels(PixelNeed(box: corner)) }
    }
  }
}
