import CGIF
import Views

/// A GIF that giflib reads up to the end of its first frame; its memory is freed with the value.
struct GIFReader: ~Copyable {
  /// Width of the canvas in pixels.
  let width: Int
  /// Height of the canvas in pixels.
  let height: Int
  /// Where on the canvas the first frame lies.
  let frame: CropBox
  /// The color that stands for none.
  let transparent: Int?
  private let gif: UnsafeMutablePointer<GifFileType>
  private let source: Source
  private let name: String

  /// The bytes that giflib reads.
  private final class Source {
    var rest: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) { rest = bytes }
  }

  /// Reads up to the pixels of the first frame in `bytes`, which must outlive the reader.
  init(_ bytes: UnsafeRawBufferPointer, name: String) throws(ImageError) {
    let source = Source(bytes)
    var code: Int32 = 0
    let opened = DGifOpen(
      Unmanaged.passUnretained(source).toOpaque(),
      { gif, target, count in
        let source = Unmanaged<Source>.fromOpaque(gif!.pointee.UserData).takeUnretainedValue()
        let given = min(max(0, Int(count)), source.rest.count)
        if given > 0 { UnsafeMutableRawPointer(target!).copyMemory(from: source.rest.baseAddress!, byteCount: given) }
        source.rest = UnsafeRawBufferPointer(rebasing: source.rest[given...])
        return Int32(given)
      }, &code)
    guard let gif = opened else { throw GIFCodec.refusal(name, Self.words(for: code)) }
    let start: FrameStart
    do throws(ImageError) {
      start = try Self.findFrame(gif, name: name)
    } catch {
      DGifCloseFile(gif, nil)
      throw error
    }
    frame = start.box
    transparent = start.transparent
    width = max(Int(gif.pointee.SWidth), frame.left + frame.width)
    height = max(Int(gif.pointee.SHeight), frame.top + frame.height)
    self.gif = gif
    self.source = source
    self.name = name
  }

  deinit { DGifCloseFile(gif, nil) }

  private struct FrameStart {
    var box: CropBox
    var transparent: Int?
  }

  /// Passes over what precedes the first frame and reads its description.
  private static func findFrame(
    _ gif: UnsafeMutablePointer<GifFileType>, name: String
  ) throws(ImageError) -> FrameStart {
    func check(_ status: Int32) throws(ImageError) {
      guard status == GIF_OK else { throw GIFCodec.refusal(name, words(for: gif.pointee.Error)) }
    }
    var transparent: Int?
    while true {
      var kind = UNDEFINED_RECORD_TYPE
      try check(DGifGetRecordType(gif, &kind))
      switch kind {
      case IMAGE_DESC_RECORD_TYPE:
        try check(DGifGetImageDesc(gif))
        let place = gif.pointee.Image
        guard place.Width > 0, place.Height > 0 else { throw GIFCodec.refusal(name, "its first frame has no pixels") }
        let box = CropBox(
          top: Int(place.Top), left: Int(place.Left), height: Int(place.Height), width: Int(place.Width))
        return FrameStart(box: box, transparent: transparent)
      case EXTENSION_RECORD_TYPE:
        var function: Int32 = 0
        var data: UnsafeMutablePointer<GifByteType>?
        try check(DGifGetExtension(gif, &function, &data))
        while let block = data {
          var control = GraphicsControlBlock()
          if function == GRAPHICS_EXT_FUNC_CODE,
            DGifExtensionToGCB(Int(block[0]), block + 1, &control) == GIF_OK
          {
            transparent = control.TransparentColor >= 0 ? Int(control.TransparentColor) : nil
          }
          try check(DGifGetExtensionNext(gif, &data))
        }
      default:
        throw GIFCodec.refusal(name, "it holds no picture")
      }
    }
  }

  /// Which color each of the 256 numbers stands for; those without one are shades of gray, as in Pillow.
  /// - Parameter background: What the transparent color becomes, if anything.
  func colors(inFrontOf background: BackgroundColor?) -> [(UInt8, UInt8, UInt8)] {
    var colors = (0...255).map { (UInt8($0), UInt8($0), UInt8($0)) }
    if let map = (gif.pointee.Image.ColorMap ?? gif.pointee.SColorMap)?.pointee, let entries = map.Colors {
      for index in 0..<min(256, max(0, Int(map.ColorCount))) {
        colors[index] = (entries[index].Red, entries[index].Green, entries[index].Blue)
      }
    }
    if let background, let transparent { colors[transparent] = (background.red, background.green, background.blue) }
    return colors
  }

  /// The rows of the frame in the order in which they are stored.
  var rowOrder: [Int] {
    guard gif.pointee.Image.Interlace else { return Array(0..<frame.height) }
    return [(0, 8), (4, 8), (2, 4), (1, 2)].flatMap { Array(stride(from: $0.0, to: frame.height, by: $0.1)) }
  }

  /// Reads the next stored row of the frame, one number for each pixel.
  func readRow(into row: UnsafeMutableBufferPointer<UInt8>) throws(ImageError) {
    guard DGifGetLine(gif, row.baseAddress, Int32(frame.width)) == GIF_OK else {
      throw GIFCodec.refusal(name, Self.words(for: gif.pointee.Error))
    }
  }

  private static func words(for code: Int32) -> String {
    GifErrorString(code).map { String(cString: $0) } ?? "giflib's error \(code)"
  }
}
