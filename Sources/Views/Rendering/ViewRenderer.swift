/// Makes the pixels of views: a pure function of image and parameters.
///
/// The 8-bit results of torchvision's transforms on PIL images are followed operation by operation. A gray image is
/// rendered in one channel, where saturation, hue and grayscale change nothing, and repeated at the end when the output
/// has three; a color image is converted to luma first when the output has one. An image of another number of channels is
/// rendered in all of them, and saturation, hue and grayscale change nothing either.
public struct ViewRenderer: Sendable {
  /// The recipe of the views.
  public let recipe: ViewRecipe
  /// Channels of the output.
  public let channels: Int
  /// Side of the output in pixels.
  public let size: Int
  /// The format of each value.
  public let format: PixelFormat

  /// A renderer of a recipe's views.
  ///
  /// - Parameters:
  ///   - recipe: A valid recipe.
  ///   - channels: Channels of the output: those of the images, or 1 or 3 for gray and color ones.
  ///   - size: Side of the output when it is not the recipe's. The same parameters then give the same view at another
  ///     resolution: the same crop, with blurs, translations and erased rectangles scaled in proportion. Operations on
  ///     single values are the same; sharpness looks at neighboring pixels whatever the size. A smaller view is
  ///     resampled in the order that is less work, whatever Pillow's.
  ///   - format: What each value is stored as.
  public init(recipe: ViewRecipe, channels: Int, size: Int? = nil, format: PixelFormat = .float32) {
    precondition(channels > 0, "A view has at least one channel; got \(channels).")
    precondition(size ?? 1 > 0, "A view is at least one pixel wide; got \(size ?? 1).")
    self.recipe = recipe
    self.channels = channels
    self.size = size ?? recipe.size
    self.format = format
  }

  /// Values of one view: `size × size × channels`.
  public var elementCount: Int { size * size * channels }

  /// Bytes of one view.
  public var byteCount: Int { elementCount * format.byteCount }

  /// Renders one view: rows from top to bottom, channels interleaved.
  ///
  /// Traps when the part does not hold the crop or cannot be had in the output's channels, or `output` is smaller than
  /// ``byteCount`` or not aligned to the format.
  public func render(
    _ part: ImagePart, _ parameters: ViewParameters, into output: UnsafeMutableRawBufferPointer,
    scratch: inout RenderScratch
  ) {
    precondition(
      output.count >= byteCount, "A view takes \(byteCount) bytes; the output has room for \(output.count).")
    var planes = PixelPlanes(
      part.image, resampling(of: part, parameters), channelCount: channels, reservedChannels: channels,
      scratch: &scratch)
    for operation in parameters.operations ?? [] { planes.apply(operation) }
    if let jitter = parameters.jitter, !recipe.threeAugment { planes.apply(jitter) }
    if parameters.isGrayscale { planes.convertToGrayscale() }
    switch blur(parameters) {
    case .none: break
    case .boxes(let radius): planes.blurBoxes(radius: radius, scratch: &scratch)
    case .gaussian(let halfSize, let sigma):
      planes.blurGaussian(kernelSize: 2 * halfSize + 1, sigma: sigma, scratch: &scratch)
    }
    if parameters.isSolarized { planes.solarize(threshold: recipe.solarize.threshold) }
    if let jitter = parameters.jitter, recipe.threeAugment { planes.apply(jitter) }
    for drawn in parameters.ownOperations ?? [] {
      guard let own = recipe.operations.first(where: { $0.name == drawn.name }) else { continue }
      let pixels = ViewPixels(planes, scale: Double(size) / Double(recipe.size))
      own.operation.apply(drawn.values, to: pixels)
      pixels.clamp()
    }
    if let box = erasedBox(parameters) {
      planes.erase(box, filling: recipe.normalization, outputChannels: channels)
    }
    planes.write(recipe.normalization, outputChannels: channels, as: format, into: output.baseAddress!)
  }

}

// MARK: - What is done at this size

extension ViewRenderer {
  /// A blur in pixels of a view as it is rendered.
  package enum Blur {
    /// Pillow's, of a radius.
    case boxes(radius: Double)
    /// torchvision's, of a kernel that extends this many pixels to each side.
    case gaussian(halfSize: Int, sigma: Double)
  }

  /// Where the view's pixels come from.
  package func resampling(of part: ImagePart, _ parameters: ViewParameters) -> Resampling {
    var resampling = Resampling(
      parameters.crop, of: part, height: size, width: size, interpolation: recipe.crop.interpolation,
      isFlipped: parameters.isFlipped)
    resampling.prefersSpeed = size < recipe.size
    return resampling
  }

  /// How the view is blurred; nil when it is not.
  package func blur(_ parameters: ViewParameters) -> Blur? {
    guard let sigma = parameters.blurSigma else { return nil }
    let ratio = Double(size) / Double(recipe.size)
    switch recipe.blur.kind {
    case .pil: return .boxes(radius: sigma * ratio)
    case .torchvision:
      return .gaussian(halfSize: Int((Double(recipe.blur.kernelSize / 2) * ratio).rounded(.up)), sigma: sigma * ratio)
    }
  }

  /// The rectangle of the view that is erased; nil when there is none.
  package func erasedBox(_ parameters: ViewParameters) -> CropBox? {
    parameters.erased.map { $0.scaled(by: size, over: recipe.size) }
  }
}

extension PixelPlanes {
  /// Applies the four operations in their order, leaving out those that change nothing.
  func apply(_ jitter: JitterParameters) {
    for operation in jitter.order {
      switch operation {
      case .brightness where jitter.brightness != 1: adjustBrightness(by: jitter.brightness)
      case .contrast where jitter.contrast != 1: adjustContrast(by: jitter.contrast)
      case .saturation where jitter.saturation != 1: adjustSaturation(by: jitter.saturation)
      case .hue where jitter.hue != 0: adjustHue(by: jitter.hue)
      default: break
      }
    }
  }
}

extension ViewRenderer {
  /// One view as an image; the renderer makes 8-bit values.
  package func image(of image: Image, _ parameters: ViewParameters, _ scratch: inout RenderScratch) -> Image {
    var pixels = [UInt8](repeating: 0, count: elementCount)
    pixels.withUnsafeMutableBytes { render(ImagePart(image), parameters, into: $0, scratch: &scratch) }
    return Image(width: size, height: size, channels: channels, pixels: pixels)
  }
}
