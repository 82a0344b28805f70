import CWebP
import Foundation
import Views

/// A WebP that libwebp has taken apart and not decoded; its memory is freed with the value.
struct WebPFile: ~Copyable {
  /// Width of the canvas in pixels.
  let width: Int
  /// Height of the canvas in pixels.
  let height: Int
  /// Where on the canvas the first frame lies.
  private let frameBox: CropBox
  private let demuxer: OpaquePointer
  private let frame: WebPIterator
  private let name: String

  /// Pixels that are decoded around what is needed: at its edge, smooth chroma upsampling has no neighbour.
  private static let margin = 2

  /// Takes `bytes` apart, which must outlive the value.
  ///
  /// A file that is shorter than it says is refused.
  init(_ bytes: UnsafeRawBufferPointer, name: String) throws(ImageError) {
    var data = WebPData(bytes: bytes.baseAddress!.assumingMemoryBound(to: UInt8.self), size: bytes.count)
    guard let demuxer = WebPDemux(&data) else {
      throw WebPCodec.refusal(name, "its chunks do not fit together or end early")
    }
    var frame = WebPIterator()
    guard WebPDemuxGetFrame(demuxer, 1, &frame) != 0 else {
      WebPDemuxDelete(demuxer)
      throw WebPCodec.refusal(name, "it holds no picture")
    }
    frameBox = CropBox(
      top: Int(frame.y_offset), left: Int(frame.x_offset), height: Int(frame.height), width: Int(frame.width))
    self.demuxer = demuxer
    self.frame = frame
    self.name = name
    width = Int(WebPDemuxGetI(demuxer, WEBP_FF_CANVAS_WIDTH))
    height = Int(WebPDemuxGetI(demuxer, WEBP_FF_CANVAS_HEIGHT))
  }

  deinit {
    var frame = frame
    WebPDemuxReleaseIterator(&frame)
    WebPDemuxDelete(demuxer)
  }

  /// What the first EXIF chunk says.
  var orientation: Orientation {
    var chunk = WebPChunkIterator()
    guard WebPDemuxGetChunk(demuxer, "EXIF", 1, &chunk) != 0 else { return .upright }
    defer { WebPDemuxReleaseChunkIterator(&chunk) }
    let data = UnsafeRawBufferPointer(start: chunk.chunk.bytes, count: chunk.chunk.size)
    // Some programs put the name of the JPEG block before the data.
    let prefix = Array("Exif\0\0".utf8)
    return Orientation(exif: data.starts(with: prefix) ? UnsafeRawBufferPointer(rebasing: data[prefix.count...]) : data)
  }

  /// Decodes the pixels of `box`, RGB, as they are when the whole canvas is decoded.
  /// - Parameter background: What shows through where the picture is transparent; nil drops alpha.
  func picture(of box: CropBox, background: BackgroundColor?) throws(ImageError) -> Image {
    let inside = frameBox.intersection(with: box)
    let front = frame.has_alpha != 0 ? background : nil
    if inside == box { return try pictureInsideFrame(of: box, background: front) }
    // What the first frame of an animation leaves free is transparent black.
    let free = background ?? BackgroundColor(red: 0, green: 0, blue: 0)
    return try Image(width: box.width, height: box.height, channels: 3) { pixels throws(ImageError) in
      for index in pixels.indices { pixels[index] = free[index % 3] }
      guard inside.area > 0 else { return }
      let image = try pictureInsideFrame(of: inside, background: front)
      for row in 0..<inside.height {
        let target = 3 * ((inside.top - box.top + row) * box.width + inside.left - box.left)
        let source = 3 * row * inside.width..<3 * (row + 1) * inside.width
        _ = pixels[target...].update(fromContentsOf: image.pixels[source])
      }
    }
  }

  private func pictureInsideFrame(of box: CropBox, background: BackgroundColor?) throws(ImageError) -> Image {
    let top = box.top - frameBox.top
    let left = box.left - frameBox.left
    let cropTop = max(0, top - Self.margin) & ~1
    let cropLeft = max(0, left - Self.margin) & ~1
    let crop = CropBox(
      top: cropTop, left: cropLeft, height: min(frameBox.height, top + box.height + Self.margin) - cropTop,
      width: min(frameBox.width, left + box.width + Self.margin) - cropLeft)
    let values = background == nil ? 3 : 4
    return try Image(
      width: box.width, height: box.height, channels: 3, scratch: values * crop.area - 3 * box.area
    ) { pixels throws(ImageError) in
      try decode(crop, values: values, into: pixels)
      // The margin and alpha are cut off in place: every row moves towards the beginning.
      for row in 0..<box.height {
        let first = values * ((top - cropTop + row) * crop.width + left - cropLeft)
        let source = UnsafeMutableBufferPointer(rebasing: pixels[first..<first + values * box.width])
        let target = UnsafeMutableBufferPointer(rebasing: pixels[3 * row * box.width..<3 * (row + 1) * box.width])
        if let background {
          background.fill(target, fromRGBA: UnsafeBufferPointer(source))
        } else {
          memmove(target.baseAddress!, source.baseAddress!, 3 * box.width)
        }
      }
    }
  }

  /// Decodes a part of the frame, whose first row and column are even, to RGB or RGBA.
  private func decode(
    _ crop: CropBox, values: Int, into pixels: UnsafeMutableBufferPointer<UInt8>
  ) throws(ImageError) {
    var configuration = WebPDecoderConfig()
    guard WebPInitDecoderConfig(&configuration) != 0 else { throw WebPCodec.refusal(name, "another libwebp's header") }
    configuration.options.use_cropping = 1
    configuration.options.crop_top = Int32(crop.top)
    configuration.options.crop_left = Int32(crop.left)
    configuration.options.crop_width = Int32(crop.width)
    configuration.options.crop_height = Int32(crop.height)
    configuration.output.colorspace = values == 3 ? MODE_RGB : MODE_RGBA
    configuration.output.is_external_memory = 1
    configuration.output.u.RGBA = WebPRGBABuffer(
      rgba: pixels.baseAddress, stride: Int32(values * crop.width), size: pixels.count)
    let status = WebPDecode(frame.fragment.bytes, frame.fragment.size, &configuration)
    WebPFreeDecBuffer(&configuration.output)
    guard status == VP8_STATUS_OK else { throw WebPCodec.refusal(name, Self.words(for: status)) }
  }

  private static func words(for status: VP8StatusCode) -> String {
    switch status {
    case VP8_STATUS_OUT_OF_MEMORY: "no memory for the pixels"
    case VP8_STATUS_BITSTREAM_ERROR: "its bit stream contradicts itself"
    case VP8_STATUS_UNSUPPORTED_FEATURE: "it uses a feature that libwebp does not know"
    case VP8_STATUS_NOT_ENOUGH_DATA: "its pixels end early"
    default: "libwebp's status \(status.rawValue)"
    }
  }
}

extension CropBox {
  /// The pixels that both boxes hold; of no width or height where there are none.
  fileprivate func intersection(with other: CropBox) -> CropBox {
    let firstRow = max(top, other.top)
    let firstColumn = max(left, other.left)
    return CropBox(
      top: firstRow, left: firstColumn,
      height: max(0, min(top + height, other.top + other.height) - firstRow),
      width: max(0, min(left + width, other.left + other.width) - firstColumn))
  }
}
