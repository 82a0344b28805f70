/// The view that an evaluation uses: the middle of the image, nothing random.
///
/// The shorter side is resized with antialiasing, the center is cut out and normalized, as torchvision's `Resize`,
/// `CenterCrop` and `Normalize` on a PIL image.
public struct EvaluationTransform: Sendable {
  /// Pixels of the shorter side after resizing.
  public let resize: Int
  /// Side of the square output in pixels, at most `resize`.
  public let crop: Int
  /// The filter of the resizing.
  public let interpolation: Interpolation
  /// How pixel values become network inputs.
  public let normalization: Normalization
  /// Channels of the output: those of the images, or 1 or 3 for gray and color ones.
  public let channels: Int

  /// A transform whose crop is not larger than the resized image.
  public init(resize: Int, crop: Int, interpolation: Interpolation, normalization: Normalization, channels: Int) {
    precondition(crop > 0 && crop <= resize, "The center crop (\(crop)) is from 1 to the resized side (\(resize)).")
    precondition(channels > 0, "A view has at least one channel; got \(channels).")
    self.resize = resize
    self.crop = crop
    self.interpolation = interpolation
    self.normalization = normalization
    self.channels = channels
  }

  /// Values of one output: `crop × crop × channels`.
  public var elementCount: Int { crop * crop * channels }

  /// Renders an image: normalized 32-bit floats, rows from top to bottom, channels interleaved.
  ///
  /// Traps when `output` is smaller than ``elementCount``.
  public func render(
    _ image: Image, into output: UnsafeMutableBufferPointer<Float>, scratch: inout RenderScratch
  ) {
    render(image, as: .float32, into: UnsafeMutableRawBufferPointer(output), scratch: &scratch)
  }

  /// Renders an image: values of a format, rows from top to bottom, channels interleaved.
  ///
  /// Traps when `output` has no room for ``elementCount`` values or is not aligned to the format.
  public func render(
    _ image: Image, as format: PixelFormat, into output: UnsafeMutableRawBufferPointer, scratch: inout RenderScratch
  ) {
    precondition(
      output.count >= elementCount * format.byteCount,
      "A view takes \(elementCount * format.byteCount) bytes; the output has room for \(output.count).")
    let shorter = min(image.width, image.height)
    let height = resize * image.height / shorter
    let width = resize * image.width / shorter
    let whole = CropBox(top: 0, left: 0, height: image.height, width: image.width)
    var resampling = Resampling(whole, height: height, width: width, interpolation: interpolation)
    resampling.rows = centered(in: height)
    resampling.columns = centered(in: width)
    PixelPlanes(image, resampling, channelCount: channels, scratch: &scratch)
      .write(normalization, outputChannels: channels, as: format, into: output.baseAddress!)
  }

  /// The resized and cropped image in 8 bits, before it is normalized: `crop × crop` pixels.
  public func cropped(_ image: Image, scratch: inout RenderScratch) -> Image {
    let pixels = [UInt8](unsafeUninitializedCapacity: elementCount) { buffer, initialized in
      render(image, as: .uint8, into: UnsafeMutableRawBufferPointer(buffer), scratch: &scratch)
      initialized = elementCount
    }
    return Image(width: crop, height: crop, channels: channels, pixels: pixels)
  }

  /// The transform of images that are cropped already: after `cropped` it renders what this one renders.
  public var ofCroppedImages: EvaluationTransform {
    // Resizing to the same size changes no pixel.
    EvaluationTransform(
      resize: crop, crop: crop, interpolation: interpolation, normalization: normalization, channels: channels)
  }

  private func centered(in count: Int) -> Range<Int> {
    let start = Int((Double(count - crop) / 2).rounded(.toNearestOrEven))
    return start..<(start + crop)
  }
}
