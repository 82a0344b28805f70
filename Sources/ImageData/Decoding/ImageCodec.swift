import Views

/// What the header of an encoded image says.
struct ImageHeader {
  /// Width in pixels, as stored.
  let width: Int
  /// Height in pixels, as stored.
  let height: Int
  /// The most values that a pixel can be decoded to.
  var channels = 3
  /// How the stored pixels must be turned to be upright.
  var orientation = Orientation.upright
}

/// Reads one file format with the library that is made for it.
protocol ImageCodec: SendableMetatype {
  /// The format's name in messages.
  static var format: String { get }
  /// How the names of its files end, without the dot, the usual one first.
  static var fileExtensions: [String] { get }

  /// Whether the first bytes are those of a file of this format.
  static func recognizes(_ bytes: UnsafeRawBufferPointer) -> Bool

  /// Reads the header; nothing is allocated that grows with the announced size.
  static func header(_ bytes: UnsafeRawBufferPointer, name: String) throws(ImageError) -> ImageHeader

  /// Decodes at least what is needed, in the pixels as they are stored.
  ///
  /// The need lies inside the image that the header announces, whose size is known to be allowed.
  static func pixels(
    _ bytes: UnsafeRawBufferPointer, name: String, need: PixelNeed, options: DecodingOptions
  ) throws(ImageError) -> ImagePart
}

extension ImageCodec {
  /// The refusal of a file for the reason the library gives.
  static func refusal(_ name: String, _ reason: String) -> ImageError {
    ImageError(path: name, problem: .corrupt(format: format, reason: reason))
  }
}
