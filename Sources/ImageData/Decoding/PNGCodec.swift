import CSPNG
import Views

/// Reads PNGs with libspng: gray (with or without alpha) becomes one channel, everything else RGB.
enum PNGCodec: ImageCodec {
  static let format = "PNG"
  static let fileExtensions = ["png"]

  static func recognizes(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
  }

  static func header(_ bytes: UnsafeRawBufferPointer, name: String) throws(ImageError) -> ImageHeader {
    let header = try PNGReader(bytes, name: name).header
    return ImageHeader(
      width: Int(header.width), height: Int(header.height),
      orientation: exif(in: bytes).map(Orientation.init(exif:)) ?? .upright)
  }

  static func pixels(
    _ bytes: UnsafeRawBufferPointer, name: String, need: PixelNeed, options: DecodingOptions
  ) throws(ImageError) -> ImagePart {
    let reader = try PNGReader(bytes, name: name)
    let width = Int(reader.header.width)
    let height = Int(reader.header.height)
    let background = reader.isTransparent ? options.background : nil
    let channels = background.map { reader.isGray && $0.isGray ? 1 : 3 } ?? reader.channels
    let box = need.box
    let isScaled = reader.header.bit_depth == 16 && !options.keepsHighBytes
    let rowBytes = try reader.start(keepsAlpha: background != nil, keepsSixteenBits: isScaled)
    let stride = rowBytes / width
    let image = try Image(
      width: box.width, height: box.height, channels: channels, scratch: rowBytes
    ) { buffer throws(ImageError) in
      let row = UnsafeMutableBufferPointer(rebasing: buffer[box.area * channels..<buffer.count])
      while let place = try reader.readRow(into: row) {
        guard place.row >= box.top, place.row < box.top + box.height else { continue }
        let target = (place.row - box.top) * box.width - box.left
        for column in place.columns where column >= box.left && column < box.left + box.width {
          for channel in 0..<channels {
            let value: UInt8
            let alpha: UInt8
            if isScaled {
              let wide = UnsafeRawPointer(row.baseAddress! + column * stride)
              value = options.byte(of: wide.loadUnaligned(fromByteOffset: 2 * channel, as: UInt16.self))
              alpha = UInt8(wide.loadUnaligned(fromByteOffset: 6, as: UInt16.self) >> 8)
            } else {
              value = row[column * stride + channel]
              alpha = background == nil ? 255 : row[column * stride + 3]
            }
            buffer[(target + column) * channels + channel] =
              background?.behind(value, alpha: alpha, channel: channel) ?? value
          }
        }
      }
      try reader.finish()
    }
    return ImagePart(image, ofWidth: width, height: height, reduction: 1, top: box.top, left: box.left)
  }

  /// The data of the chunk `eXIf`, wherever in the file it is; libspng gives those only that come before the pixels.
  private static func exif(in bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
    var position = 8
    while position + 8 <= bytes.count {
      let length = Int(bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self).bigEndian)
      let data = position + 8
      guard data + length <= bytes.count else { return nil }
      if bytes[position + 4..<data].elementsEqual("eXIf".utf8) {
        return UnsafeRawBufferPointer(rebasing: bytes[data..<data + length])
      }
      position = data + length + 4
    }
    return nil
  }
}
