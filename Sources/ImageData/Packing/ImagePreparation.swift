import Views

/// What is done to an image before it is packed.
struct ImagePreparation: Sendable {
  /// Pixels that the shorter side is resized to; nil leaves the image as it is.
  var shorterSide: Int?
  /// Whether the middle square is cut out.
  var isSquare = false

  /// Decodes and prepares an image.
  func callAsFunction(_ source: any ImageSource) throws(ImageError) -> Image {
    guard let shorterSide else { return try source.wholeImage() }
    let whole = CropBox(top: 0, left: 0, height: source.height, width: source.width)
    let part = try source.pixels(PixelNeed(crops: [whole], size: shorterSide, margin: 2))
    let shorter = min(source.width, source.height)
    let (height, width) = (shorterSide * source.height / shorter, shorterSide * source.width / shorter)
    var resampling = Resampling(
      whole, of: part, height: height, width: width, interpolation: .bicubic, isFlipped: false)
    if isSquare {
      resampling.rows = (height - shorterSide) / 2..<(height + shorterSide) / 2
      resampling.columns = (width - shorterSide) / 2..<(width + shorterSide) / 2
    }
    var scratch = RenderScratch()
    return PixelPlanes(part.image, resampling, channelCount: part.image.channels, scratch: &scratch).image
  }
}
