import CJPEG
import Views

/// Reads JPEGs with libjpeg-turbo: gray stays gray, everything else becomes RGB.
///
/// Parts and reductions save the transform, the upsampling and the colors, not the reading of the entropy code, which
/// is always done to the end: a quarter of a 500×375 photo takes three quarters of the time of all of it, an eighth of
/// its resolution two thirds, and both together little less.
enum JPEGCodec: ImageCodec {
  static let format = "JPEG"
  static let fileExtensions = ["jpg", "jpeg"]

  /// Columns that are decoded on both sides of what is needed: at its edge, smooth chroma upsampling has no neighbour.
  private static let columnMargin = 4

  static func recognizes(_ bytes: UnsafeRawBufferPointer) -> Bool { bytes.starts(with: [0xFF, 0xD8, 0xFF]) }

  static func header(_ bytes: UnsafeRawBufferPointer, name: String) throws(ImageError) -> ImageHeader {
    let header = try JPEGReader(bytes, name: name).header
    guard header.samples > 0 else {
      throw refusal(name, "\(header.components) color components in an unknown color space")
    }
    return ImageHeader(
      width: Int(header.width), height: Int(header.height),
      orientation: Orientation(exif: UnsafeRawBufferPointer(start: header.exif, count: header.exifCount)))
  }

  static func pixels(
    _ bytes: UnsafeRawBufferPointer, name: String, need: PixelNeed, options: DecodingOptions
  ) throws(ImageError) -> ImagePart {
    let reader = try JPEGReader(bytes, name: name)
    let width = Int(reader.header.width)
    let height = Int(reader.header.height)
    let samples = Int(reader.header.samples)
    let channels = samples == 1 ? 1 : 3
    let box = need.reducedBox
    let everyColumn = 0..<need.reduced(width)
    let around = box.left - columnMargin..<box.left + box.width + columnMargin
    let columns = try reader.start(
      reduction: need.reduction,
      columns: reader.header.cropsColumns ? around.clamped(to: everyColumn) : everyColumn)
    let image = try Image(
      width: box.width, height: box.height, channels: channels, scratch: columns.count * samples
    ) { buffer throws(ImageError) in
      let row = UnsafeMutableBufferPointer(rebasing: buffer[box.area * channels..<buffer.count])
      let first = (box.left - columns.lowerBound) * samples
      let part = UnsafeMutableBufferPointer(rebasing: row[first..<first + box.width * samples])
      try reader.skipRows(box.top)
      for index in 0..<box.height {
        try reader.readRow(into: row.baseAddress!)
        let start = index * box.width * channels
        let target = UnsafeMutableBufferPointer(rebasing: buffer[start..<start + box.width * channels])
        if samples == 4 {
          RGBPixels.fill(target, fromInvertedCMYK: part)
        } else {
          _ = target.update(fromContentsOf: part)
        }
      }
      // The rows below are read too: it is there that a file is cut. Skipping the last one would skip the end marker.
      let below = need.reduced(height) - box.top - box.height
      if below > 0 {
        try reader.skipRows(below - 1)
        try reader.readRow(into: row.baseAddress!)
      }
      try reader.finish()
    }
    return ImagePart(image, ofWidth: width, height: height, reduction: need.reduction, top: box.top, left: box.left)
  }
}
