/// Makes the pixels of views: a pure function of image and parameters.
///
/// The 8-bit results of torchvision's transforms on PIL images are followed operation by operation. A gray image is
/// rendered in one channel, where saturation, hue and grayscale change nothing, and repeated at the end when the output
/// has three; a color image is converted to luma first when the output has one.
public struct ViewRenderer: Sendable {
  /// What is rendered.
  public let recipe: ViewRecipe
  /// Channels of the output, 1 or 3.
  public let channels: Int
  /// Side of the output in pixels.
  public let size: Int

  /// A renderer of a recipe's views.
  ///
  /// - Parameters:
  ///   - recipe: A valid recipe.
  ///   - channels: Channels of the output, 1 or 3.
  ///   - size: Side of the output when it is not the recipe's. The same parameters then give the same view at another
  ///     resolution: the same crop, and a blur scaled in proportion.
  public init(recipe: ViewRecipe, channels: Int, size: Int? = nil) {
    precondition(channels == 1 || channels == 3, "A view has 1 or 3 channels; got \(channels).")
    precondition(size ?? 1 > 0, "A view is at least one pixel wide; got \(size ?? 1).")
    self.recipe = recipe
    self.channels = channels
    self.size = size ?? recipe.size
  }

  /// Values of one view: `size × size × channels`.
  public var elementCount: Int { size * size * channels }

  /// Renders one view: normalized 32-bit floats, rows from top to bottom, channels interleaved.
  ///
  /// Traps when the crop is not inside the image or `output` is smaller than ``elementCount``.
  public func render(
    _ image: Image, _ parameters: ViewParameters, into output: UnsafeMutableBufferPointer<Float>,
    scratch: inout RenderScratch
  ) {
    precondition(
      output.count >= elementCount, "A view takes \(elementCount) values; the output has room for \(output.count).")
    let resampling = Resampling(
      parameters.crop, height: size, width: size, interpolation: recipe.crop.interpolation,
      isFlipped: parameters.isFlipped)
    var planes = PixelPlanes(image, resampling, channelCount: channels, scratch: &scratch)
    if let jitter = parameters.jitter { planes.apply(jitter) }
    if parameters.isGrayscale { planes.convertToGrayscale() }
    if let sigma = parameters.blurSigma { blur(&planes, sigma: sigma, scratch: &scratch) }
    if parameters.isSolarized { planes.solarize(threshold: recipe.solarize.threshold) }
    planes.write(recipe.normalization, outputChannels: channels, into: output.baseAddress!)
  }

  private func blur(_ planes: inout PixelPlanes, sigma: Double, scratch: inout RenderScratch) {
    let ratio = Double(size) / Double(recipe.size)
    switch recipe.blur.kind {
    case .pil: planes.blurBoxes(radius: sigma * ratio, scratch: &scratch)
    case .torchvision:
      let halfSize = Int((Double(recipe.blur.kernelSize / 2) * ratio).rounded(.up))
      planes.blurGaussian(kernelSize: 2 * halfSize + 1, sigma: sigma * ratio, scratch: &scratch)
    }
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
