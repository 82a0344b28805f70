import Testing
import Views

@testable import ImageData

/// The decoder against the pixels that Pillow decodes, written by `scripts/make_image_fixtures.py`.
@Suite struct ImageDecoderReferenceTests {
  @Test(arguments: ImageFixtures.good) func decodesAsPillow(name: String) throws {
    let image = try ImageDecoder.decode(contentsOf: ImageFixtures.path(name))
    let truth = try ImageFixtures.truth(of: name)
    #expect(image.shape == truth.shape)
    let worst = zip(image.pixels, truth.pixels).map { abs(Int($0) - Int($1)) }.max()
    #expect(worst == 0, "\(name) differs by up to \(worst ?? -1) levels")
  }

  @Test(arguments: ImageFixtures.transparent, ["204060", "999999"])
  func pastesOnABackgroundAsPillow(name: String, color: String) throws {
    let background = try #require(BackgroundColor("#\(color)"))
    let options = DecodingOptions(background: background)
    let image = try ImageDecoder.decode(contentsOf: ImageFixtures.path(name), options: options)
    let truth = try ImageFixtures.truth(of: "\(name).\(color)")
    #expect(image.shape == truth.shape)
    let worst = zip(image.pixels, truth.pixels).map { abs(Int($0) - Int($1)) }.max()
    #expect(worst == 0, "\(name) differs by up to \(worst ?? -1) levels")
  }

  @Test func readsColorsOfSixDigitsAlone() {
    #expect(BackgroundColor("#20a0Ff") == BackgroundColor(red: 32, green: 160, blue: 255))
    for text in ["", "none", "ffffff", "#fff", "#gggggg", "#+12345", "#1234567", "#ééé"] {
      #expect(BackgroundColor(text) == nil, "\(text)")
    }
  }

  @Test(arguments: [
    ("truncated.jpg", "JPEG"), ("truncated-header.jpg", "JPEG"), ("truncated-closed.jpg", "JPEG"),
    ("truncated-progressive.jpg", "JPEG"), ("truncated.png", "PNG"), ("truncated-header.png", "PNG"),
    ("damaged.png", "PNG"), ("truncated.webp", "WebP"), ("truncated-lossless.webp", "WebP"),
    ("truncated-closed.webp", "WebP"), ("truncated.tif", "TIFF"), ("truncated-tiles.tif", "TIFF"),
    ("truncated.gif", "GIF"), ("truncated.bmp", "BMP"), ("damaged-restarts.jpg", "JPEG"),
  ])
  func refusesWhatIsCutShort(name: String, format: String) throws {
    let path = ImageFixtures.path(name)
    let error = try #require(throws: ImageError.self) { _ = try ImageDecoder.decode(contentsOf: path) }
    guard case .corrupt(format, let reason) = error.problem else {
      Issue.record("\(name): \(error)")
      return
    }
    #expect(!reason.isEmpty && error.path == path)
    #expect(error.description.contains(path) && error.description.contains(reason))
  }

  @Test func refusesEveryPrefixOfAFile() throws {
    for name in ["rgb-420.jpg", "rgb-progressive.jpg", "cmyk.jpg"] {
      let bytes = try ImageFixtures.bytes(name)
      for length in stride(from: 0, to: bytes.count, by: 7) {
        #expect(throws: ImageError.self, "\(name), \(length) of \(bytes.count) bytes") {
          _ = try ImageDecoder.decode(Array(bytes.prefix(length)), name: name)
        }
      }
    }
  }

  @Test func refusesEveryPrefixOfAPNGButTheLastChecksum() throws {
    for name in ["rgb.png", "gray.png", "palette.png", "rgb-interlaced.png", "gray-alpha.png"] {
      let bytes = try ImageFixtures.bytes(name)
      for length in 0..<bytes.count - 4 {
        #expect(throws: ImageError.self, "\(name), \(length) of \(bytes.count) bytes") {
          _ = try ImageDecoder.decode(Array(bytes.prefix(length)), name: name)
        }
      }
    }
  }

  @Test(arguments: ["rgb.bmp", "palette.bmp", "top-down.bmp", "palette.gif", "strip.tif", "tiles.tif", "planes.tif"])
  func refusesEveryPrefixOfThePixels(name: String) throws {
    let bytes = try ImageFixtures.bytes(name)
    // Up to three bytes behind the pixels hold none: a BMP's padding, and a GIF's two marks of the end.
    for length in stride(from: 0, to: bytes.count - (name.hasSuffix(".tif") ? 0 : 3), by: 7) {
      #expect(throws: ImageError.self, "\(name), \(length) of \(bytes.count) bytes") {
        _ = try ImageDecoder.decode(Array(bytes.prefix(length)), name: name)
      }
    }
  }

  @Test(arguments: [("float.tif", "TIFF", "floating-point numbers"), ("run-length.bmp", "BMP", "compressed pixels")])
  func namesWhatIsNotReadOfAFormat(name: String, format: String, kind: String) throws {
    let path = ImageFixtures.path(name)
    #expect(throws: ImageError(path: path, problem: .unsupported(format: format, kind: kind))) {
      _ = try ImageDecoder.decode(contentsOf: path)
    }
  }

  @Test func numbersBeyondABitmapsPaletteAreBlack() throws {
    func number(_ value: Int) -> [UInt8] { bigEndian(value).reversed() }
    let header =
      number(40) + number(3) + number(1) + [1, 0, 8, 0] + number(0) + number(4) + number(0) + number(0) + number(2)
      + number(2)
    let file =
      Array("BM".utf8) + number(66) + number(0) + number(62) + header + [7, 8, 9, 0, 1, 2, 3, 0] + [1, 200, 0, 0]
    for _ in 0..<20 {
      let image = try ImageDecoder.decode(file, name: "short.bmp")
      #expect(image.pixels == [3, 2, 1, 0, 0, 0, 9, 8, 7])
    }
  }

  @Test func takesAsManyPixelsAsTheLimitAllows() throws {
    for name in ["rgb-420.jpg", "rgb.png", "rgb.webp", "rgb.tif", "palette.gif", "rgb.bmp"] {
      let path = ImageFixtures.path(name)
      #expect(throws: Never.self) {
        _ = try ImageDecoder.decode(contentsOf: path, options: DecodingOptions(pixelLimit: 31 * 23))
      }
      #expect(throws: ImageError(path: path, problem: .tooManyPixels(width: 31, height: 23, limit: 31 * 23 - 1))) {
        _ = try ImageDecoder.decode(contentsOf: path, options: DecodingOptions(pixelLimit: 31 * 23 - 1))
      }
    }
  }

  @Test func refusesWhatIsNoImage() throws {
    let empty = ImageFixtures.path("empty.jpg")
    #expect(throws: ImageError(path: empty, problem: .empty)) { _ = try ImageDecoder.decode(contentsOf: empty) }
    let text = ImageFixtures.path("text.jpg")
    let error = try #require(throws: ImageError.self) { _ = try ImageDecoder.decode(contentsOf: text) }
    #expect(error.problem == .unknownFormat(firstBytes: Array("<html>40".utf8)))
    #expect(error.description.contains("3c 68 74 6d"))
  }
}
