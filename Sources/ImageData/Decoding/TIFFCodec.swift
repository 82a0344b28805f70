import CTIFF
import Views

/// Reads the first picture of TIFFs with libtiff: gray stays gray, other channels stay what they are, and everything else
/// becomes RGB.
enum TIFFCodec: ImageCodec {
  static let format = "TIFF"
  static let fileExtensions = ["tif", "tiff"]

  static func recognizes(_ bytes: UnsafeRawBufferPointer) -> Bool {
    // The byte order, and 42 or, in BigTIFF, 43.
    [[0x49, 0x49, 0x2A, 0], [0x4D, 0x4D, 0, 0x2A], [0x49, 0x49, 0x2B, 0], [0x4D, 0x4D, 0, 0x2B]]
      .contains { bytes.starts(with: $0) }
  }

  static func header(_ bytes: UnsafeRawBufferPointer, name: String) throws(ImageError) -> ImageHeader {
    let header = try TIFFReader(bytes, name: name).header
    return ImageHeader(
      width: Int(header.width), height: Int(header.height), channels: max(3, Int(header.samples)),
      orientation: Orientation(rawValue: Int(header.orientation)) ?? .upright)
  }

  static func pixels(
    _ bytes: UnsafeRawBufferPointer, name: String, need: PixelNeed, options: DecodingOptions
  ) throws(ImageError) -> ImagePart {
    let reader = try TIFFReader(bytes, name: name)
    let image = try reader.image(of: need.box, options: options)
    return ImagePart(
      image, ofWidth: Int(reader.header.width), height: Int(reader.header.height), reduction: 1, top: need.box.top,
      left: need.box.left)
  }
}
