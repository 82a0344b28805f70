import Views

/// What the header of an encoded image says.
struct ImageHeader {
  /// Width in pixels, as stored.
  let width: Int
  /// Height in pixels, as stored.
  let height: Int
  /// How the stored pixels must be turned to be upright.
  let orientation: Orientation
}

/// Reads one file format with the library that is made for it.
protocol ImageCodec: SendableMetatype {
  /// The format's name in messages.
  static var format: String { get }
  /// How the names of its files end, without the dot.
  static var fileExtension: String { get }

  /// Reads the header; nothing is allocated that grows with the announced size.
  static func header(_ bytes: UnsafeRawBufferPointer, name: String) throws(ImageError) -> ImageHeader

  /// Decodes at least what is needed, in the pixels as they are stored.
  ///
  /// The need lies inside the image that the header announces, whose size is known to be allowed.
  static func pixels(
    _ bytes: UnsafeRawBufferPointer, name: String, need: PixelNeed
  ) throws(ImageError) -> ImagePart
}

extension ImageCodec {
  /// The refusal of a file for the reason the library gives.
  static func refusal(_ name: String, _ reason: String) -> ImageError {
    ImageError(path: name, problem: .corrupt(format: format, reason: reason))
  }
}

/// The codec of an image whose first bytes are these; nil where they are of no known format.
func imageCodec(recognizing bytes: UnsafeRawBufferPointer) -> (any ImageCodec.Type)? {
  if bytes.starts(with: [0xFF, 0xD8, 0xFF]) { return JPEGCodec.self }
  if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) { return PNGCodec.self }
  if bytes.count >= 12, bytes.starts(with: "RIFF".utf8), bytes[8..<12].elementsEqual("WEBP".utf8) {
    return WebPCodec.self
  }
  return nil
}
