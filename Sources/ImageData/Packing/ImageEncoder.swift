import CJPEG
import CSPNG
import Foundation
import Views

/// How packed images are encoded.
public enum ImageEncoding: String, Codable, CaseIterable, Sendable {
  /// JPEG with chroma at half the resolution.
  case jpeg
  /// PNG, which loses nothing.
  case png
}

/// Encodes images.
package enum ImageEncoder {
  /// The image as a file.
  ///
  /// - Parameter quality: Of a JPEG, from 1 to 100.
  /// - Throws: `ImageError` named `name` where the codec fails: for want of memory, or sides beyond its limits.
  package static func encode(
    _ image: Image, as encoding: ImageEncoding, quality: Int, name: String
  ) throws(ImageError) -> [UInt8] {
    guard image.channels == 1 || image.channels == 3 else {
      throw ImageError(
        path: name,
        problem: .notEncodable(
          format: encoding == .jpeg ? "JPEG" : "PNG",
          reason: "it has \(image.channels) channels, which a packed file takes, or shards without --resize"))
    }
    switch encoding {
    case .jpeg: return try encodeJPEG(image, quality: quality, name: name)
    case .png: return try encodePNG(image, name: name)
    }
  }

  private static func encodeJPEG(_ image: Image, quality: Int, name: String) throws(ImageError) -> [UInt8] {
    var encoded: UnsafeMutablePointer<UInt8>?
    var count = 0
    let isDone = image.pixels.withUnsafeBufferPointer { pixels in
      CJPEGEncode(
        pixels.baseAddress, UInt32(image.width), UInt32(image.height), Int32(image.channels), Int32(quality), &encoded,
        &count)
    }
    defer { CJPEGFree(encoded) }
    guard isDone, let encoded else {
      throw ImageError(
        path: name,
        problem: .notEncodable(format: "JPEG", reason: "libjpeg refuses \(image.width)x\(image.height) pixels"))
    }
    return [UInt8](UnsafeBufferPointer(start: encoded, count: count))
  }

  private static func encodePNG(_ image: Image, name: String) throws(ImageError) -> [UInt8] {
    func check(_ status: Int32) throws(ImageError) {
      guard status == 0 else {
        throw ImageError(
          path: name, problem: .notEncodable(format: "PNG", reason: String(cString: spng_strerror(status))))
      }
    }
    guard let context = spng_ctx_new(Int32(SPNG_CTX_ENCODER.rawValue)) else {
      fatalError("no memory for a PNG encoder")
    }
    defer { spng_ctx_free(context) }
    var header = spng_ihdr()
    header.width = UInt32(image.width)
    header.height = UInt32(image.height)
    header.bit_depth = 8
    header.color_type = UInt8(
      (image.channels == 1 ? SPNG_COLOR_TYPE_GRAYSCALE : SPNG_COLOR_TYPE_TRUECOLOR).rawValue)
    try check(spng_set_option(context, SPNG_ENCODE_TO_BUFFER, 1))
    try check(spng_set_ihdr(context, &header))
    let status = image.pixels.withUnsafeBytes {
      spng_encode_image(
        context, $0.baseAddress, $0.count, Int32(SPNG_FMT_PNG.rawValue), Int32(SPNG_ENCODE_FINALIZE.rawValue))
    }
    try check(status)
    var count = 0
    var result: Int32 = 0
    guard let bytes = spng_get_png_buffer(context, &count, &result) else {
      try check(result)
      fatalError("libspng gave neither a PNG nor a reason")
    }
    defer { free(bytes) }
    return [UInt8](UnsafeRawBufferPointer(start: bytes, count: count))
  }
}
