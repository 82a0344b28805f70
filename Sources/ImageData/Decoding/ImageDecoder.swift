import Views

/// Turns JPEG and PNG files into 8-bit gray or RGB pixels.
///
/// The format is recognized by the first bytes, never by the file's name. What comes out is what Pillow gives after
/// `convert("RGB")` (or `"L"` where the file is gray): alpha and transparency are dropped, palettes are expanded,
/// CMYK becomes RGB by the same integer formula, and JPEGs are decoded with libjpeg-turbo's accurate transform and
/// smooth chroma upsampling. One difference: 16-bit gray keeps its high byte, where Pillow clips at 255.
///
/// The EXIF orientation is not applied; torchvision's `ImageFolder` does not apply it either.
public enum ImageDecoder {
  /// The most pixels an image may have unless told otherwise: 178,956,970, above which Pillow suspects a bomb.
  public static let defaultPixelLimit = 178_956_970

  /// Decodes the file at `path`.
  ///
  /// Files that are cut short or damaged are refused; half an image is never returned.
  public static func decode(
    contentsOf path: String, pixelLimit: Int = defaultPixelLimit
  ) throws(ImageError) -> Image {
    let file = try FileBytes(path: path)
    return try decode(file.bytes, name: path, pixelLimit: pixelLimit)
  }

  /// Decodes an encoded image in memory; `name` stands for it in errors.
  public static func decode(
    _ bytes: [UInt8], name: String, pixelLimit: Int = defaultPixelLimit
  ) throws(ImageError) -> Image {
    try bytes.withUnsafeBufferPointer { buffer throws(ImageError) in
      try decode(UnsafeRawBufferPointer(buffer), name: name, pixelLimit: pixelLimit)
    }
  }

  /// Decodes an encoded image in memory; `name` stands for it in errors.
  public static func decode(
    _ bytes: UnsafeRawBufferPointer, name: String, pixelLimit: Int = defaultPixelLimit
  ) throws(ImageError) -> Image {
    guard !bytes.isEmpty else { throw ImageError(path: name, problem: .empty) }
    if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
      return try decodeJPEG(bytes, name: name, pixelLimit: pixelLimit)
    }
    if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
      return try decodePNG(bytes, name: name, pixelLimit: pixelLimit)
    }
    throw ImageError(path: name, problem: .unknownFormat(firstBytes: Array(bytes.prefix(8))))
  }

  /// Refuses a header that announces more than `limit` pixels, before anything of that size is allocated.
  static func check(width: Int, height: Int, name: String, limit: Int) throws(ImageError) {
    let (pixels, overflow) = width.multipliedReportingOverflow(by: height)
    guard !overflow, pixels <= limit else {
      throw ImageError(path: name, problem: .tooManyPixels(width: width, height: height, limit: limit))
    }
  }
}
