import CTurboJPEG
import Views

extension ImageDecoder {
  /// Decodes a JPEG with libjpeg-turbo: gray stays gray, everything else becomes RGB.
  static func decodeJPEG(
    _ bytes: UnsafeRawBufferPointer, name: String, pixelLimit: Int
  ) throws(ImageError) -> Image {
    guard let decompressor = tjInitDecompress() else {
      throw ImageError(path: name, problem: .corrupt(format: "JPEG", reason: "no memory for the decoder"))
    }
    defer { tjDestroy(decompressor) }
    let data = bytes.baseAddress!.assumingMemoryBound(to: UInt8.self)

    // The return value is not asked: it complains of unusual chroma subsampling, which decodes all the same.
    var width: Int32 = -1
    var height: Int32 = -1
    var subsampling: Int32 = -1
    var colorSpace: Int32 = -1
    tjDecompressHeader3(decompressor, data, UInt(bytes.count), &width, &height, &subsampling, &colorSpace)
    guard width > 0, height > 0, colorSpace >= 0 else {
      throw ImageError(path: name, problem: .corrupt(format: "JPEG", reason: lastMessage(decompressor)))
    }
    try check(width: Int(width), height: Int(height), name: name, limit: pixelLimit)

    let layout = JPEGLayout(colorSpace: TJCS(UInt32(colorSpace)))
    var failure: String?
    let decoded = [UInt8](unsafeUninitializedCapacity: Int(width) * Int(height) * layout.samples) { buffer, count in
      let status = tjDecompress2(
        decompressor, data, UInt(bytes.count), buffer.baseAddress, width, 0, height, layout.pixelFormat,
        TJFLAG_LIMITSCANS)
      if status != 0 { failure = refusal(decompressor) }
      count = failure == nil ? buffer.count : 0
    }
    if let failure { throw ImageError(path: name, problem: .corrupt(format: "JPEG", reason: failure)) }
    return Image(
      width: Int(width), height: Int(height), channels: layout == .gray ? 1 : 3,
      pixels: layout == .cmyk ? rgb(fromInvertedCMYK: decoded) : decoded)
  }

  /// Why the JPEG is refused after decoding it complained, or nil where the complaint is harmless.
  ///
  /// libjpeg fills in what is missing with gray and warns, so a warning is an error here. The exception is padding
  /// before the end marker (0xd9): only the first warning is kept, so everything before that marker decoded cleanly.
  private static func refusal(_ decompressor: tjhandle) -> String? {
    let message = lastMessage(decompressor)
    let isWarning = tjGetErrorCode(decompressor) == Int32(TJERR_WARNING.rawValue)
    return isWarning && message.contains("extraneous bytes before marker 0xd9") ? nil : message
  }

  private static func lastMessage(_ decompressor: tjhandle) -> String {
    String(cString: tjGetErrorStr2(decompressor))
  }

  /// RGB from the inverted CMYK that Adobe's programs write, rounded as Pillow's `convert("RGB")` rounds.
  private static func rgb(fromInvertedCMYK cmyk: [UInt8]) -> [UInt8] {
    let pixels = cmyk.count / 4
    return [UInt8](unsafeUninitializedCapacity: 3 * pixels) { rgb, count in
      for pixel in 0..<pixels {
        let light = Int(cmyk[4 * pixel + 3])
        for channel in 0..<3 {
          let product = (255 - Int(cmyk[4 * pixel + channel])) * light + 128
          rgb[3 * pixel + channel] = UInt8(max(0, light - ((product >> 8) + product) >> 8))
        }
      }
      count = 3 * pixels
    }
  }
}

/// How libjpeg-turbo is asked to lay out the pixels of one file.
private enum JPEGLayout {
  case gray, rgb, cmyk

  init(colorSpace: TJCS) {
    self =
      switch colorSpace {
      case TJCS_GRAY: .gray
      case TJCS_CMYK, TJCS_YCCK: .cmyk
      default: .rgb
      }
  }

  var samples: Int {
    switch self {
    case .gray: 1
    case .rgb: 3
    case .cmyk: 4
    }
  }

  var pixelFormat: Int32 {
    switch self {
    case .gray: Int32(TJPF_GRAY.rawValue)
    case .rgb: Int32(TJPF_RGB.rawValue)
    case .cmyk: Int32(TJPF_CMYK.rawValue)
    }
  }
}
