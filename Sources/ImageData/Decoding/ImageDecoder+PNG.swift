import CSPNG
import Views

extension ImageDecoder {
  /// The most bytes one chunk of a PNG, or all its kept chunks together, may take: 64 MiB.
  private static let chunkLimit = 64 << 20

  /// Decodes a PNG with libspng: gray (with or without alpha) becomes one channel, everything else RGB.
  static func decodePNG(
    _ bytes: UnsafeRawBufferPointer, name: String, pixelLimit: Int
  ) throws(ImageError) -> Image {
    guard let context = spng_ctx_new(0) else {
      throw ImageError(path: name, problem: .corrupt(format: "PNG", reason: "no memory for the decoder"))
    }
    defer { spng_ctx_free(context) }
    func check(_ status: Int32) throws(ImageError) {
      guard status == 0 else {
        let reason = String(cString: spng_strerror(status))
        throw ImageError(path: name, problem: .corrupt(format: "PNG", reason: reason))
      }
    }

    try check(spng_set_chunk_limits(context, chunkLimit, chunkLimit))
    try check(spng_set_png_buffer(context, bytes.baseAddress, bytes.count))
    var header = spng_ihdr()
    try check(spng_get_ihdr(context, &header))
    let width = Int(header.width)
    let height = Int(header.height)
    try Self.check(width: width, height: height, name: name, limit: pixelLimit)

    let layout = PNGLayout(header)
    var size = 0
    try check(spng_decoded_image_size(context, layout.format, &size))
    var status: Int32 = 0
    let decoded = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      status = spng_decode_image(context, buffer.baseAddress, size, layout.format, 0)
      count = status == 0 ? size : 0
    }
    try check(status)
    // The pixels are complete by now; this reads on to the end marker, so that a file cut after them is refused too.
    try check(spng_decode_chunks(context))
    return Image(
      width: width, height: height, channels: layout == .rgb ? 3 : 1,
      pixels: layout == .wideGray ? firstBytes(of: decoded, every: size / (width * height)) : decoded)
  }

  /// The first byte of every `stride`: the high byte of the gray sample, without what follows it.
  private static func firstBytes(of bytes: [UInt8], every stride: Int) -> [UInt8] {
    let pixels = bytes.count / stride
    return [UInt8](unsafeUninitializedCapacity: pixels) { gray, count in
      for pixel in 0..<pixels { gray[pixel] = bytes[pixel * stride] }
      count = pixels
    }
  }
}

/// How libspng is asked to lay out the pixels of one file.
private enum PNGLayout {
  /// Gray of at most 8 bits, scaled to 8.
  case gray
  /// Gray of 16 bits or with alpha, as it is in the file: big-endian, the gray sample first.
  case wideGray
  /// Color of any depth, palettes included.
  case rgb

  init(_ header: spng_ihdr) {
    self =
      switch spng_color_type(UInt32(header.color_type)) {
      case SPNG_COLOR_TYPE_GRAYSCALE: header.bit_depth == 16 ? .wideGray : .gray
      case SPNG_COLOR_TYPE_GRAYSCALE_ALPHA: .wideGray
      default: .rgb
      }
  }

  var format: Int32 {
    switch self {
    case .gray: Int32(SPNG_FMT_G8.rawValue)
    case .wideGray: Int32(SPNG_FMT_RAW.rawValue)
    case .rgb: Int32(SPNG_FMT_RGB8.rawValue)
    }
  }
}
