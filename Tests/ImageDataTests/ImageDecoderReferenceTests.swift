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

  @Test(arguments: [
    ("truncated.jpg", "JPEG"), ("truncated-header.jpg", "JPEG"), ("truncated-closed.jpg", "JPEG"),
    ("truncated-progressive.jpg", "JPEG"), ("truncated.png", "PNG"), ("truncated-header.png", "PNG"),
    ("damaged.png", "PNG"), ("truncated.webp", "WebP"), ("truncated-lossless.webp", "WebP"),
    ("truncated-closed.webp", "WebP"),
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

  @Test func takesAsManyPixelsAsTheLimitAllows() throws {
    for name in ["rgb-420.jpg", "rgb.png", "rgb.webp"] {
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
