import CGIF
import Views

/// Reads the first frame of GIFs with giflib, all of them as RGB.
enum GIFCodec: ImageCodec {
  static let format = "GIF"
  static let fileExtensions = ["gif"]

  static func recognizes(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.starts(with: "GIF87a".utf8) || bytes.starts(with: "GIF89a".utf8)
  }

  static func header(_ bytes: UnsafeRawBufferPointer, name: String) throws(ImageError) -> ImageHeader {
    let reader = try GIFReader(bytes, name: name)
    return ImageHeader(width: reader.width, height: reader.height)
  }

  static func pixels(
    _ bytes: UnsafeRawBufferPointer, name: String, need: PixelNeed, options: DecodingOptions
  ) throws(ImageError) -> ImagePart {
    let reader = try GIFReader(bytes, name: name)
    let (frame, box, background) = (reader.frame, need.box, options.background)
    let colors = reader.colors(inFrontOf: background)
    let image = try Image(
      width: box.width, height: box.height, channels: 3, scratch: frame.width
    ) { buffer throws(ImageError) in
      let uncovered = background.map { ($0.red, $0.green, $0.blue) } ?? colors[reader.transparent ?? 0]
      for pixel in 0..<box.area { set(pixel, of: buffer, to: uncovered) }
      let line = UnsafeMutableBufferPointer(rebasing: buffer[3 * box.area..<buffer.count])
      for row in reader.rowOrder {
        try reader.readRow(into: line)
        let y = frame.top + row - box.top
        guard y >= 0, y < box.height else { continue }
        let columns = max(box.left, frame.left)..<max(box.left, frame.left, min(box.endColumn, frame.endColumn))
        for x in columns { set(y * box.width + x - box.left, of: buffer, to: colors[Int(line[x - frame.left])]) }
      }
    }
    return ImagePart(
      image, ofWidth: reader.width, height: reader.height, reduction: 1, top: box.top, left: box.left)
  }

  private static func set(
    _ pixel: Int, of buffer: UnsafeMutableBufferPointer<UInt8>, to color: (UInt8, UInt8, UInt8)
  ) {
    (buffer[3 * pixel], buffer[3 * pixel + 1], buffer[3 * pixel + 2]) = color
  }
}

extension CropBox {
  fileprivate var endColumn: Int { left + width }
}
