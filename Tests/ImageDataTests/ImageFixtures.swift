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
    ] + (1...8).map { "oriented-\($0).jpg" } + oddJPEGs + laterFormats

  /// JPEGs whose segments are not as they should be, and whose pixels are.
  static let oddJPEGs = [
    "junk-between-segments.jpg", "zeros-between-segments.jpg", "ff00-between-segments.jpg", "truncated-app14.jpg",
    "unknown-adobe-transform.jpg", "unknown-jfif-version.jpg", "bad-exif.jpg",
  ]

  /// Those of microscopes, satellites and old programs.
  static let laterFormats =
    ["rgb", "top-down", "palette", "gray", "1bit", "rgba", "dot"].map { "\($0).bmp" } + ["bmp-inside.png"]
    + ["palette", "interlaced", "gray", "transparent", "offset", "animated", "dot"].map { "\($0).gif" }
    + [
      "rgb", "lzw", "deflate", "packbits", "jpeg", "gray", "1bit", "palette", "cmyk", "rgba", "white-is-zero",
      "multiplied", "gray-16bit", "rgb-16bit", "tiles", "gray-tiles-16bit", "planes", "tiled-planes", "strip", "big",
      "oriented-3", "oriented-6", "dot",
    ].map { "\($0).tif" }

  /// Those that are also there in front of the colors 204060 and 999999.
  static let transparent = [
    "rgba.png", "rgb-transparent.png", "palette-transparent.png", "gray-alpha.png", "rgba-16bit.png", "rgba.webp",
    "rgba-lossless.webp", "transparent.gif", "offset.gif", "rgba.tif", "multiplied.tif", "rgba.bmp", "rgb.png",
    "rgb-420.jpg",
  ]

  /// Those that are also there in the sizes that libjpeg's scaled decoding gives.
  static let reduced = [
    "rgb-420.jpg", "rgb-422.jpg", "rgb-444.jpg", "rgb-progressive.jpg", "gray.jpg", "cmyk.jpg",
  ]

  /// Those to cut, of several blocks along both axes.
  static let large =
    [
      "420.jpg", "422.jpg", "444.jpg", "gray.jpg", "cmyk.jpg", "progressive.jpg", "restarts.jpg", "lossy.webp",
      "lossless.webp", "offset.webp", "rgb.png", "interlaced.png", "gray-alpha.png", "strips.tif", "tiles.tif",
      "tiled-planes.tif", "palette.tif", "interlaced.gif", "rgb.bmp",
    ].map { "parts/\($0)" } + (2...8).map { "parts/oriented-\($0).jpg" }

  static func path(_ name: String) -> String { "\(folder)/\(name)" }

  static func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: path(name))))
  }

  /// TIFFs of other channels than gray or colors, and how many.
  static let channels = [
    ("channels-2.tif", 2), ("channels-5.tif", 5), ("channels-6-tiles.tif", 6), ("channels-6-planes.tif", 6),
    ("channels-4-colors.tif", 4), ("channels-4-alpha.tif", 4),
  ]

  /// A PAM file whose header is six lines, as the script writes it.
  static func channelTruth(of name: String) throws -> Image {
    let lines = try bytes("\(name).pam").split(
      separator: UInt8(ascii: "\n"), maxSplits: 6, omittingEmptySubsequences: false)
    let numbers = lines[1...3].compactMap { line in
      Int(String(decoding: line, as: UTF8.self).split(separator: " ")[1])
    }
    return Image(width: numbers[0], height: numbers[1], channels: numbers[2], pixels: Array(lines[6]))
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
