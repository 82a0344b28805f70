import Views

/// Turns image files into 8-bit gray or RGB pixels at once: whole, and at their own resolution.
///
/// Which pixels come out is said at `EncodedImage`, which this is a shorthand for.
public enum ImageDecoder {
  /// Decodes the file at `path`.
  public static func decode(
    contentsOf path: String, options: DecodingOptions = DecodingOptions()
  ) throws(ImageError) -> Image {
    try EncodedImage(contentsOf: path, options: options).wholeImage()
  }

  /// Decodes an encoded image in memory; `name` stands for it in errors.
  public static func decode(
    _ bytes: [UInt8], name: String, options: DecodingOptions = DecodingOptions()
  ) throws(ImageError) -> Image {
    try EncodedImage(bytes, name: name, options: options).wholeImage()
  }
}
