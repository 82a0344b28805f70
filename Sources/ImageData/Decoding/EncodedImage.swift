import Views

/// A JPEG, PNG, WebP, TIFF, GIF or BMP image whose header was read and whose pixels were not.
///
/// The format is recognized by the first bytes, never by the file's name. What comes out is what Pillow gives after
/// `ImageOps.exif_transpose` and `convert("RGB")` (or `"L"` where the file is gray): alpha and transparency are
/// dropped or have a background, palettes are expanded, CMYK becomes RGB by the same integer formula, JPEGs are decoded
/// with libjpeg-turbo's accurate transform and smooth chroma upsampling, and of several pictures in a file the first is
/// taken. One difference: 16-bit gray keeps its high byte, where Pillow clips at 255. TIFFs of other channels than gray or
/// colors keep them all.
///
/// Files that are cut short or damaged are refused by `pixels(_:)`; half an image is never returned.
public struct EncodedImage: ImageSource, Sendable {
  /// Width in pixels, upright.
  public let width: Int
  /// Height in pixels, upright.
  public let height: Int
  /// The file's path, or what stands for it in errors.
  public let name: String

  /// How the names of files of this format end, without the dot.
  var fileExtension: String { codec.fileExtensions[0] }

  /// That of the file.
  public var fingerprint: UInt64? { ImageData.fingerprint(of: bytes) }

  private let bytes: [UInt8]
  private let codec: any ImageCodec.Type
  private let orientation: Orientation
  private let options: DecodingOptions

  /// Reads the file at `path` and its header.
  public init(contentsOf path: String, options: DecodingOptions = DecodingOptions()) throws(ImageError) {
    try self.init(FileBytes.read(path), name: path, options: options)
  }

  /// Reads the header of an encoded image in memory; `name` stands for it in errors.
  public init(_ bytes: [UInt8], name: String, options: DecodingOptions = DecodingOptions()) throws(ImageError) {
    guard !bytes.isEmpty else { throw ImageError(path: name, problem: .empty) }
    let (codec, header) = try bytes.withUnsafeBufferPointer { bytes throws(ImageError) in
      let buffer = UnsafeRawBufferPointer(bytes)
      guard let codec = ImageFormats.codec(recognizing: buffer) else {
        throw ImageError(path: name, problem: .unknownFormat(firstBytes: Array(buffer.prefix(8))))
      }
      return (codec, try codec.header(buffer, name: name))
    }
    let (pixels, overflow) = header.width.multipliedReportingOverflow(by: header.height)
    let (colors, isHuge) = pixels.multipliedReportingOverflow(by: (header.channels + 2) / 3)
    guard !overflow, !isHuge, colors <= options.pixelLimit else {
      throw ImageError(
        path: name,
        problem: .tooManyPixels(width: header.width, height: header.height, limit: options.pixelLimit))
    }
    self.bytes = bytes
    self.codec = codec
    self.name = name
    self.options = options
    orientation = options.appliesOrientation ? header.orientation : .upright
    width = orientation.isTransposed ? header.height : header.width
    height = orientation.isTransposed ? header.width : header.height
  }

  /// Decodes at least the pixels that are needed, at no lower resolution than is needed.
  ///
  /// What lies outside the image is left out of the box, and a reduction that is not 1, 2, 4 or 8 is lowered to one that
  /// is. A JPEG is decoded in the resolution and the part that are needed, a WebP and a TIFF in the part; of the others
  /// everything is decoded and the part kept. A turned image whose sides the reduction does not divide is decoded at a lower one.
  ///
  /// No more is allocated than the part and a few rows, except for what the formats make necessary: the coefficients of
  /// a JPEG in several scans, all the pixels of a lossless WebP, a BMP or a TIFF in unusual colors, the strips or tiles of
  /// other TIFFs, and the part once more where it is turned.
  ///
  /// - Throws: `ImageError` when the file is cut short or damaged, above, in or below the part.
  public func pixels(_ need: PixelNeed) throws(ImageError) -> ImagePart {
    let reduction = [8, 4, 2].first { $0 <= need.reduction && keepsGrid(reducedBy: $0) } ?? 1
    let upright = need.box.clamped(toWidth: width, height: height)
    let stored = PixelNeed(box: orientation.storedBox(upright, width: width, height: height), reduction: reduction)
    let part = try bytes.withUnsafeBufferPointer { bytes throws(ImageError) in
      try codec.pixels(UnsafeRawBufferPointer(bytes), name: name, need: stored, options: options)
    }
    return orientation.upright(part)
  }

  /// Whether the pixels of the turned reduced image stand for as many source pixels as those of the reduced image that
  /// was turned: a last column that stands for fewer must stay the last.
  private func keepsGrid(reducedBy reduction: Int) -> Bool {
    (!orientation.flipsColumns || width % reduction == 0) && (!orientation.flipsRows || height % reduction == 0)
  }
}

extension CropBox {
  /// The part of the box inside an image, at least one pixel.
  fileprivate func clamped(toWidth imageWidth: Int, height imageHeight: Int) -> CropBox {
    let firstRow = min(max(0, top), imageHeight - 1)
    let firstColumn = min(max(0, left), imageWidth - 1)
    let endRow = min(max(firstRow + 1, top + height), imageHeight)
    let endColumn = min(max(firstColumn + 1, left + width), imageWidth)
    return CropBox(top: firstRow, left: firstColumn, height: endRow - firstRow, width: endColumn - firstColumn)
  }
}

extension PixelNeed {
  /// The box in pixels of the reduced image.
  var reducedBox: CropBox {
    let top = box.top / reduction
    let left = box.left / reduction
    return CropBox(
      top: top, left: left, height: reduced(box.top + box.height) - top, width: reduced(box.left + box.width) - left)
  }

  /// How many pixels of the reduced image stand for the first `side` pixels of the image.
  func reduced(_ side: Int) -> Int { (side + reduction - 1) / reduction }
}
