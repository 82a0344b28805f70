import Foundation
import Testing
import Views

@testable import ImageData

/// The decoder against the pixels that Pillow decodes, written by `scripts/make_image_fixtures.py`.
@Suite struct ImageDecoderReferenceTests {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Fixtures/images").path

  static let good = [
    "rgb-420.jpg", "rgb-422.jpg", "rgb-444.jpg", "rgb-progressive.jpg", "rgb-oriented.jpg", "padded.jpg", "gray.jpg",
    "cmyk.jpg", "rgb.png", "rgb-interlaced.png", "rgb-16bit.png", "rgb-transparent.png", "rgba.png", "rgba-16bit.png",
    "palette.png", "palette-4bit.png", "palette-transparent.png", "gray.png", "gray-1bit.png", "gray-16bit.png",
    "gray-alpha.png", "gray-alpha-16bit.png", "png-inside.jpg", "jpeg-inside.png",
  ]

  /// A PGM or PPM file whose header is three lines, as the script writes it.
  static func truth(of name: String) throws -> Image {
    let gray = "\(folder)/\(name).pgm"
    let isGray = FileManager.default.fileExists(atPath: gray)
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: isGray ? gray : "\(folder)/\(name).ppm")))
    let lines = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: 3, omittingEmptySubsequences: false)
    let size = String(decoding: lines[1], as: UTF8.self).split(separator: " ").compactMap { Int($0) }
    return Image(width: size[0], height: size[1], channels: isGray ? 1 : 3, pixels: Array(lines[3]))
  }

  @Test(arguments: good) func decodesAsPillow(name: String) throws {
    let image = try ImageDecoder.decode(contentsOf: "\(Self.folder)/\(name)")
    let truth = try Self.truth(of: name)
    #expect(image.shape == truth.shape)
    let worst = zip(image.pixels, truth.pixels).map { abs(Int($0) - Int($1)) }.max()
    #expect(worst == 0, "\(name) differs by up to \(worst ?? -1) levels")
  }

  @Test(arguments: [
    ("truncated.jpg", "JPEG"), ("truncated-header.jpg", "JPEG"), ("truncated-closed.jpg", "JPEG"),
    ("truncated-progressive.jpg", "JPEG"), ("truncated.png", "PNG"), ("truncated-header.png", "PNG"),
    ("damaged.png", "PNG"),
  ])
  func refusesWhatIsCutShort(name: String, format: String) throws {
    let path = "\(Self.folder)/\(name)"
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
      let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(Self.folder)/\(name)")))
      for length in stride(from: 0, to: bytes.count, by: 7) {
        #expect(throws: ImageError.self, "\(name), \(length) of \(bytes.count) bytes") {
          _ = try ImageDecoder.decode(Array(bytes.prefix(length)), name: name)
        }
      }
    }
  }

  @Test func refusesEveryPrefixOfAPNGButTheLastChecksum() throws {
    for name in ["rgb.png", "gray.png", "palette.png", "rgb-interlaced.png", "gray-alpha.png"] {
      let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(Self.folder)/\(name)")))
      for length in 0..<bytes.count - 4 {
        #expect(throws: ImageError.self, "\(name), \(length) of \(bytes.count) bytes") {
          _ = try ImageDecoder.decode(Array(bytes.prefix(length)), name: name)
        }
      }
    }
  }

  @Test func neverCrashesOnChangedBytes() throws {
    var random = ViewRandom(seed: 1, epoch: 0, sample: 0, view: 0)
    for name in Self.good {
      let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(Self.folder)/\(name)")))
      for _ in 0..<50 {
        var changed = bytes
        for _ in 0..<4 { changed[random.integer(below: bytes.count)] = UInt8(random.integer(below: 256)) }
        guard let image = try? ImageDecoder.decode(changed, name: name, pixelLimit: 1 << 20) else { continue }
        #expect(image.pixels.count == image.width * image.height * image.channels)
      }
    }
  }

  @Test func refusesABombBeforeAllocatingIt() throws {
    let bomb = "\(Self.folder)/bomb.png"
    let error = try #require(throws: ImageError.self) { _ = try ImageDecoder.decode(contentsOf: bomb) }
    #expect(
      error.problem
        == .tooManyPixels(width: 100_000, height: 100_000, limit: ImageDecoder.defaultPixelLimit))

    for name in ["rgb-420.jpg", "rgb.png"] {
      let path = "\(Self.folder)/\(name)"
      #expect(throws: Never.self) { _ = try ImageDecoder.decode(contentsOf: path, pixelLimit: 31 * 23) }
      #expect(throws: ImageError(path: path, problem: .tooManyPixels(width: 31, height: 23, limit: 31 * 23 - 1))) {
        _ = try ImageDecoder.decode(contentsOf: path, pixelLimit: 31 * 23 - 1)
      }
    }
  }

  @Test func refusesWhatIsNoImage() throws {
    let empty = "\(Self.folder)/empty.jpg"
    #expect(throws: ImageError(path: empty, problem: .empty)) { _ = try ImageDecoder.decode(contentsOf: empty) }
    let text = "\(Self.folder)/text.jpg"
    let error = try #require(throws: ImageError.self) { _ = try ImageDecoder.decode(contentsOf: text) }
    #expect(error.problem == .unknownFormat(firstBytes: Array("<html>40".utf8)))
    #expect(error.description.contains("3c 68 74 6d"))
  }
}
