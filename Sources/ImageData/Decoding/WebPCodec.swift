import CWebP
import Views

/// Reads WebPs with libwebp, all of them as RGB; of an animation the first frame.
enum WebPCodec: ImageCodec {
  static let format = "WebP"
  static let fileExtensions = ["webp"]

  static func recognizes(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.count >= 12 && bytes.starts(with: "RIFF".utf8) && bytes[8..<12].elementsEqual("WEBP".utf8)
  }

  static func header(_ bytes: UnsafeRawBufferPointer, name: String) throws(ImageError) -> ImageHeader {
    let file = try WebPFile(bytes, name: name)
    return ImageHeader(width: file.width, height: file.height, orientation: file.orientation)
  }

  static func pixels(
    _ bytes: UnsafeRawBufferPointer, name: String, need: PixelNeed, options: DecodingOptions
  ) throws(ImageError) -> ImagePart {
    let file = try WebPFile(bytes, name: name)
    let box = need.box
    let image = try file.picture(of: box, background: options.background)
    return ImagePart(image, ofWidth: file.width, height: file.height, reduction: 1, top: box.top, left: box.left)
  }
}
