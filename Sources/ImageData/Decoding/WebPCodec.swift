import CWebP
import Views

/// Reads WebPs with libwebp, all of them as RGB; of an animation the first frame.
enum WebPCodec: ImageCodec {
  static let format = "WebP"
  static let fileExtension = "webp"

  static func header(_ bytes: UnsafeRawBufferPointer, name: String) throws(ImageError) -> ImageHeader {
    let file = try WebPFile(bytes, name: name)
    return ImageHeader(width: file.width, height: file.height, orientation: file.orientation)
  }

  static func pixels(
    _ bytes: UnsafeRawBufferPointer, name: String, need: PixelNeed
  ) throws(ImageError) -> ImagePart {
    let file = try WebPFile(bytes, name: name)
    let box = need.box
    let image = try file.picture(of: box)
    return ImagePart(image, ofWidth: file.width, height: file.height, reduction: 1, top: box.top, left: box.left)
  }
}
