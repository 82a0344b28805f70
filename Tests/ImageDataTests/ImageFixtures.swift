import Foundation
import Views

@testable import ImageData

/// The images that `scripts/make_image_fixtures.py` writes, and what Pillow makes of them.
enum ImageFixtures {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Fixtures/images").path

  /// Those with pixels beside them.
  static let good =
    [
      "rgb-420.jpg", "rgb-422.jpg", "rgb-444.jpg", "rgb-progressive.jpg", "padded.jpg", "gray.jpg", "cmyk.jpg",
      "oriented-long.jpg", "oriented-9.jpg", "oriented.png", "oriented-late.png", "oriented.webp", "rgb.png",
      "rgb-interlaced.png", "rgb-16bit.png", "rgb-transparent.png", "rgba.png", "rgba-16bit.png", "palette.png",
      "palette-4bit.png", "palette-transparent.png", "gray.png", "gray-1bit.png", "gray-16bit.png", "gray-alpha.png",
      "gray-alpha-16bit.png", "png-inside.jpg", "jpeg-inside.png", "webp-inside.png", "rgb.webp", "rgb-lossless.webp",
      "rgba.webp", "rgba-lossless.webp", "animated.webp", "animated-offset.webp", "dot.jpg", "dot.png", "dot.webp",
      "tall.jpg", "wide.jpg", "tall.png", "wide.webp",
    ] + (1...8).map { "oriented-\($0).jpg" }

  /// Those that are also there in the sizes that libjpeg's scaled decoding gives.
  static let reduced = [
    "rgb-420.jpg", "rgb-422.jpg", "rgb-444.jpg", "rgb-progressive.jpg", "gray.jpg", "cmyk.jpg",
  ]

  /// Those to cut, of several blocks along both axes.
  static let large =
    [
      "420.jpg", "422.jpg", "444.jpg", "gray.jpg", "cmyk.jpg", "progressive.jpg", "restarts.jpg", "lossy.webp",
      "lossless.webp", "offset.webp", "rgb.png", "interlaced.png", "gray-alpha.png",
    ].map { "parts/\($0)" } + (2...8).map { "parts/oriented-\($0).jpg" }

  static func path(_ name: String) -> String { "\(folder)/\(name)" }

  static func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: path(name))))
  }

  /// A PGM or PPM file whose header is three lines, as the script writes it.
  static func truth(of name: String) throws -> Image {
    let isGray = FileManager.default.fileExists(atPath: path("\(name).pgm"))
    let file = try bytes(isGray ? "\(name).pgm" : "\(name).ppm")
    let lines = file.split(separator: UInt8(ascii: "\n"), maxSplits: 3, omittingEmptySubsequences: false)
    let size = String(decoding: lines[1], as: UTF8.self).split(separator: " ").compactMap { Int($0) }
    return Image(width: size[0], height: size[1], channels: isGray ? 1 : 3, pixels: Array(lines[3]))
  }
}
