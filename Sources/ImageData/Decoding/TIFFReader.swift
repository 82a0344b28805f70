import CTIFF
import Views

/// The first picture of a TIFF that libtiff reads; its memory is freed with the value.
struct TIFFReader: ~Copyable {
  let header: CTIFFHeader
  private let reader: OpaquePointer
  private let name: String

  /// The most bytes that the rows of one band may take: 1 GiB.
  private static let bandLimit = 1 << 30

  /// Values of the tag `PhotometricInterpretation`.
  private enum Photometric {
    static let whiteIsZero = 0
    static let blackIsZero = 1
    static let rgb = 2
    static let cmyk = 5
  }

  /// Reads the header of `bytes`, which must outlive the reader.
  init(_ bytes: UnsafeRawBufferPointer, name: String) throws(ImageError) {
    guard let reader = CTIFFOpen(bytes.baseAddress!.assumingMemoryBound(to: UInt8.self), bytes.count) else {
      throw TIFFCodec.refusal(name, "no memory for the decoder")
    }
    var header = CTIFFHeader()
    var problem: ImageError?
    if !CTIFFReadHeader(reader, &header) {
      problem = TIFFCodec.refusal(name, String(cString: CTIFFMessage(reader)))
    } else if let kind = Self.unsupportedKind(header) {
      problem = ImageError(path: name, problem: .unsupported(format: TIFFCodec.format, kind: kind))
    }
    if let problem {
      CTIFFClose(reader)
      throw problem
    }
    self.header = header
    self.reader = reader
    self.name = name
  }

  deinit { CTIFFClose(reader) }

  /// Why neither way of decoding fits the pixels.
  private static func unsupportedKind(_ header: CTIFFHeader) -> String? {
    if header.sampleFormat == 3 { return "floating-point numbers" }
    if header.sampleFormat == 2 { return "signed numbers" }
    if colorCount(header, wanted: nil) != nil || header.hasColors { return nil }
    return "\(header.samples) values of \(header.bits) bits in color space \(header.photometric)"
  }

  /// How many of the first values of a pixel are its channels, where they are read as they are; else nil.
  ///
  /// Values beside gray that nothing is said of are channels, too; those beside colors, and alpha, only where as many are
  /// wanted as there are.
  private static func colorCount(_ header: CTIFFHeader, wanted: Int?) -> Int? {
    guard header.hasBands else { return nil }
    let samples = Int(header.samples)
    switch Int(header.photometric) {
    case Photometric.whiteIsZero, Photometric.blackIsZero:
      return samples == wanted || header.extraKind == 0 ? samples : 1
    case Photometric.rgb where samples >= 3: return samples == wanted ? samples : 3
    case Photometric.cmyk where samples >= 4: return 4
    default: return nil
    }
  }

  /// Decodes the pixels of a box.
  func image(of box: CropBox, options: DecodingOptions) throws(ImageError) -> Image {
    guard let colors = Self.colorCount(header, wanted: options.channels) else { return try translatedImage(of: box) }
    let samples = Samples(header, colorCount: colors, options: options)
    let (width, height) = (Int(header.width), Int(header.height))
    let rowBytes = width * samples.pixelBytes
    let bandRows = min(Int(header.bandRows), height)
    guard rowBytes <= Self.bandLimit / bandRows else {
      throw TIFFCodec.refusal(name, "its strips or tiles take more than \(Self.bandLimit >> 20) MiB")
    }
    let band = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: bandRows * rowBytes)
    defer { band.deallocate() }
    return try Image(
      width: box.width, height: box.height, channels: samples.channels
    ) { buffer throws(ImageError) in
      var start = -1
      for row in 0..<box.height {
        let y = box.top + row
        if y - y % bandRows != start {
          start = y - y % bandRows
          try check(
            CTIFFReadBand(reader, UInt32(start), UInt32(box.left), UInt32(box.width), band.baseAddress))
        }
        let first = (y - start) * rowBytes + box.left * samples.pixelBytes
        let length = box.width * samples.channels
        samples.fill(
          UnsafeMutableBufferPointer(rebasing: buffer[row * length..<(row + 1) * length]),
          from: UnsafeRawBufferPointer(
            UnsafeMutableBufferPointer(rebasing: band[first..<first + box.width * samples.pixelBytes])))
      }
    }
  }

  /// Decodes the pixels of a box in the colors that libtiff makes of palettes, bits, and other color spaces.
  private func translatedImage(of box: CropBox) throws(ImageError) -> Image {
    let (width, height) = (Int(header.width), Int(header.height))
    let pixels = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: width * height)
    defer { pixels.deallocate() }
    try check(CTIFFReadColors(reader, pixels.baseAddress))
    let bytes = UnsafeRawBufferPointer(pixels)
    let channels = header.photometric <= UInt16(Photometric.blackIsZero) ? 1 : 3
    return try Image(width: box.width, height: box.height, channels: channels) { buffer throws(ImageError) in
      for row in 0..<box.height {
        for column in 0..<box.width {
          let pixel = 4 * ((box.top + row) * width + box.left + column)
          for channel in 0..<channels {
            buffer[(row * box.width + column) * channels + channel] = bytes[pixel + channel]
          }
        }
      }
    }
  }

  private func check(_ isGood: Bool) throws(ImageError) {
    guard isGood else { throw TIFFCodec.refusal(name, String(cString: CTIFFMessage(reader))) }
  }

  /// How the values of a pixel become those of an image.
  private struct Samples {
    /// Bytes of a stored pixel.
    let pixelBytes: Int
    /// Values of a decoded pixel.
    let channels: Int
    private let colorCount: Int
    private let isWide: Bool
    private let isInverted: Bool
    private let isCMYK: Bool
    /// Whether the value behind the colors is alpha, and they are multiplied by it.
    private let isPremultiplied: Bool
    /// What shows through where the value behind the colors is below its maximum.
    private let background: BackgroundColor?
    private let options: DecodingOptions

    init(_ header: CTIFFHeader, colorCount: Int, options: DecodingOptions) {
      isWide = header.bits == 16
      pixelBytes = Int(header.samples) * (isWide ? 2 : 1)
      self.colorCount = colorCount
      isInverted = Int(header.photometric) == Photometric.whiteIsZero
      isCMYK = Int(header.photometric) == Photometric.cmyk
      let hasAlpha = header.extraKind != 0 && Int(header.samples) > colorCount && !isCMYK
      isPremultiplied = hasAlpha && header.extraKind == 1
      background = hasAlpha ? options.background : nil
      self.options = options
      channels = isCMYK || colorCount == 1 && background?.isGray == false ? 3 : colorCount
    }

    /// Decodes a row.
    func fill(_ target: UnsafeMutableBufferPointer<UInt8>, from source: UnsafeRawBufferPointer) {
      if !isWide, !isInverted, !isPremultiplied, background == nil, pixelBytes == channels, !isCMYK {
        _ = target.update(fromContentsOf: source)
        return
      }
      for pixel in 0..<source.count / pixelBytes {
        let start = pixel * pixelBytes
        if isCMYK {
          fillFromCMYK(target, pixel: pixel, source, at: start)
          continue
        }
        let alpha = isPremultiplied || background != nil ? value(colorCount, source, at: start) : 255
        for channel in 0..<channels {
          var color = value(min(channel, colorCount - 1), source, at: start)
          if isPremultiplied, alpha > 0 { color = UInt8(min(255, 255 * Int(color) / Int(alpha))) }
          if isInverted { color = 255 - color }
          target[pixel * channels + channel] = background?.behind(color, alpha: alpha, channel: channel) ?? color
        }
      }
    }

    private func fillFromCMYK(
      _ target: UnsafeMutableBufferPointer<UInt8>, pixel: Int, _ source: UnsafeRawBufferPointer, at start: Int
    ) {
      let light = 255 - Int(value(3, source, at: start))
      for channel in 0..<3 {
        target[3 * pixel + channel] = RGBPixels.value(
          ink: Int(value(channel, source, at: start)), light: light)
      }
    }

    /// 8 bits of a value of the pixel whose bytes begin at `start`.
    @inline(__always)
    private func value(_ sample: Int, _ source: UnsafeRawBufferPointer, at start: Int) -> UInt8 {
      guard isWide else { return source[start + sample] }
      let wide = source.loadUnaligned(fromByteOffset: start + 2 * sample, as: UInt16.self)
      return sample < colorCount ? options.byte(of: wide) : UInt8(wide >> 8)
    }
  }
}
