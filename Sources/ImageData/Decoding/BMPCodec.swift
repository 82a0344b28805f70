import CBMP
import Views

/// Reads BMPs with stb_image, all of them as RGB; those that are compressed are refused.
enum BMPCodec: ImageCodec {
  static let format = "BMP"
  static let fileExtensions = ["bmp"]

  static func recognizes(_ bytes: UnsafeRawBufferPointer) -> Bool { bytes.starts(with: "BM".utf8) }

  static func header(_ bytes: UnsafeRawBufferPointer, name: String) throws(ImageError) -> ImageHeader {
    let header = try fullHeader(bytes, name: name)
    return ImageHeader(width: Int(header.width), height: Int(header.height))
  }

  static func pixels(
    _ bytes: UnsafeRawBufferPointer, name: String, need: PixelNeed, options: DecodingOptions
  ) throws(ImageError) -> ImagePart {
    let header = try fullHeader(bytes, name: name)
    let (width, height) = (Int(header.width), Int(header.height))
    let background = header.hasAlpha ? options.background : nil
    let stride = background == nil ? 3 : 4
    var decoded: UnsafeMutablePointer<UInt8>?
    let start = bytes.baseAddress!.assumingMemoryBound(to: UInt8.self)
    if let reason = CBMPDecode(start, bytes.count, Int32(stride), &decoded) {
      throw failure(name, String(cString: reason))
    }
    defer { CBMPFree(decoded) }
    let box = need.box
    let pixels = UnsafeBufferPointer(start: decoded, count: width * height * stride)
    let image = try Image(width: box.width, height: box.height, channels: 3) { buffer throws(ImageError) in
      for row in 0..<box.height {
        let first = ((box.top + row) * width + box.left) * stride
        let source = UnsafeBufferPointer(rebasing: pixels[first..<first + box.width * stride])
        let target = UnsafeMutableBufferPointer(rebasing: buffer[3 * row * box.width..<3 * (row + 1) * box.width])
        if let background {
          background.fill(target, fromRGBA: source)
        } else {
          _ = target.update(fromContentsOf: source)
        }
      }
    }
    return ImagePart(image, ofWidth: width, height: height, reduction: 1, top: box.top, left: box.left)
  }

  private static func fullHeader(_ bytes: UnsafeRawBufferPointer, name: String) throws(ImageError) -> CBMPHeader {
    var header = CBMPHeader()
    let start = bytes.baseAddress!.assumingMemoryBound(to: UInt8.self)
    if let reason = CBMPReadHeader(start, bytes.count, &header) { throw failure(name, String(cString: reason)) }
    return header
  }

  /// What stb_image's reason means.
  private static func failure(_ name: String, _ reason: String) -> ImageError {
    reason.contains("RLE")
      ? ImageError(path: name, problem: .unsupported(format: format, kind: "compressed pixels"))
      : refusal(name, reason)
  }
}
