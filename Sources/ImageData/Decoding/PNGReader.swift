import CSPNG

/// A PNG that libspng reads row by row; its memory is freed with the value.
struct PNGReader: ~Copyable {
  let header: spng_ihdr
  private let context: OpaquePointer
  private let name: String

  /// The most bytes one chunk of a PNG, or all its kept chunks together, may take: 64 MiB.
  private static let chunkLimit = 64 << 20

  /// Where in an interlaced image the pixels of each pass lie.
  private static let passes = [(0, 8), (4, 8), (0, 4), (2, 4), (0, 2), (1, 2), (0, 1)]

  /// Reads the header of `bytes`, which must outlive the reader.
  init(_ bytes: UnsafeRawBufferPointer, name: String) throws(ImageError) {
    guard let context = spng_ctx_new(0) else { throw PNGCodec.refusal(name, "no memory for the decoder") }
    var header = spng_ihdr()
    var status = spng_set_chunk_limits(context, Self.chunkLimit, Self.chunkLimit)
    if status == 0 { status = spng_set_png_buffer(context, bytes.baseAddress, bytes.count) }
    if status == 0 { status = spng_get_ihdr(context, &header) }
    guard status == 0 else {
      spng_ctx_free(context)
      throw PNGCodec.refusal(name, String(cString: spng_strerror(status)))
    }
    self.header = header
    self.context = context
    self.name = name
  }

  deinit { spng_ctx_free(context) }

  /// How many of the first bytes of a decoded pixel are its values: 1 (gray) or 3 (RGB).
  ///
  /// Gray of 16 bits or with alpha is decoded as it is in the file, the high byte first.
  var channels: Int { layout == SPNG_FMT_RGB8 ? 3 : 1 }

  /// Whether the file has no colors.
  var isGray: Bool {
    [SPNG_COLOR_TYPE_GRAYSCALE, SPNG_COLOR_TYPE_GRAYSCALE_ALPHA].contains(spng_color_type(UInt32(header.color_type)))
  }

  /// Whether the file has alpha, or a color that stands for none.
  var isTransparent: Bool {
    var transparency = spng_trns()
    return header.color_type & 4 != 0 || spng_get_trns(context, &transparency) == 0
  }

  private var layout: spng_format {
    switch spng_color_type(UInt32(header.color_type)) {
    case SPNG_COLOR_TYPE_GRAYSCALE: header.bit_depth == 16 ? SPNG_FMT_RAW : SPNG_FMT_G8
    case SPNG_COLOR_TYPE_GRAYSCALE_ALPHA: SPNG_FMT_RAW
    default: SPNG_FMT_RGB8
    }
  }

  /// Starts decoding and gives the bytes of one row.
  /// - Parameters:
  ///   - keepsAlpha: Whether a decoded pixel has four values: red, green, blue and alpha.
  ///   - keepsSixteenBits: Whether it has those four in 16 bits, in the machine's order.
  func start(keepsAlpha: Bool, keepsSixteenBits: Bool) throws(ImageError) -> Int {
    let format = Int32(
      (keepsSixteenBits ? SPNG_FMT_RGBA16 : keepsAlpha ? SPNG_FMT_RGBA8 : layout).rawValue)
    let flags = Int32(SPNG_DECODE_PROGRESSIVE.rawValue) | (keepsAlpha ? Int32(SPNG_DECODE_TRNS.rawValue) : 0)
    var size = 0
    try check(spng_decoded_image_size(context, format, &size))
    try check(spng_decode_image(context, nil, 0, format, flags))
    return size / Int(header.height)
  }

  /// Reads the next row; gives which one it is and which of its columns were read, or nil after the last.
  func readRow(
    into row: UnsafeMutableBufferPointer<UInt8>
  ) throws(ImageError) -> (row: Int, columns: StrideTo<Int>)? {
    var place = spng_row_info()
    var status = spng_get_row_info(context, &place)
    if status == SPNG_EOI.rawValue { return nil }
    try check(status)
    status = spng_decode_row(context, row.baseAddress, row.count)
    if status != SPNG_EOI.rawValue { try check(status) }
    let (first, step) = header.interlace_method == 0 ? (0, 1) : Self.passes[Int(place.pass)]
    return (Int(place.row_num), stride(from: first, to: Int(header.width), by: step))
  }

  /// Reads on to the end marker after the last row.
  func finish() throws(ImageError) { try check(spng_decode_chunks(context)) }

  private func check(_ status: Int32) throws(ImageError) {
    guard status == 0 else { throw PNGCodec.refusal(name, String(cString: spng_strerror(status))) }
  }
}
