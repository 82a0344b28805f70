/// How the views of an image are made: what is drawn, with which probabilities and ranges.
///
/// Operations are applied in this order: random resized crop, flip, RandAugment, color jitter (its four operations in
/// the drawn order), grayscale, blur, solarization, operations of one's own, normalization, erasing; `three_augment` moves the jitter behind the
/// solarization. Mirroring changes no distribution, so a recipe that flips last (as SimSiam's) is the same recipe.
public struct ViewRecipe: Codable, Sendable, Equatable {
  /// Side of the square view in pixels.
  public var size: Int
  /// The random resized crop.
  public var crop: CropRecipe
  /// Probability that the view is mirrored left to right.
  public var flipProbability: Double
  /// The color jitter.
  public var jitter: JitterRecipe
  /// Probability that the colors are taken away.
  public var grayscaleProbability: Double
  /// The blur.
  public var blur: BlurRecipe
  /// The inversion of bright values.
  public var solarize: SolarizeRecipe
  /// Whether exactly one of grayscale, blur and solarization happens, each as often, and the color jitter after it, as
  /// DeiT III's 3-Augment; the probabilities of the three are then not used.
  public var threeAugment: Bool
  /// Random operations of all kinds.
  public var randAugment: RandAugmentRecipe
  /// The erasing of a rectangle.
  public var erasing: ErasingRecipe
  /// How pixel values become network inputs.
  public var normalization: Normalization
  /// Operations of one's own, applied before the erasing; not part of the coded recipe.
  public var operations: [NamedViewOperation] = []

  private enum CodingKeys: CodingKey {
    case size, crop, flipProbability, jitter, grayscaleProbability, blur, solarize, threeAugment, randAugment, erasing
    case normalization
  }

  /// A recipe; the defaults are SimSiam's for ImageNet.
  public init(
    size: Int = 224, crop: CropRecipe = CropRecipe(), flipProbability: Double = 0.5,
    jitter: JitterRecipe = JitterRecipe(), grayscaleProbability: Double = 0.2, blur: BlurRecipe = BlurRecipe(),
    solarize: SolarizeRecipe = SolarizeRecipe(), threeAugment: Bool = false,
    randAugment: RandAugmentRecipe = RandAugmentRecipe(), erasing: ErasingRecipe = ErasingRecipe(),
    normalization: Normalization = .imageNet
  ) {
    self.size = size
    self.crop = crop
    self.flipProbability = flipProbability
    self.jitter = jitter
    self.grayscaleProbability = grayscaleProbability
    self.blur = blur
    self.solarize = solarize
    self.threeAugment = threeAugment
    self.randAugment = randAugment
    self.erasing = erasing
    self.normalization = normalization
  }
}

/// How an image is resampled; both filters are antialiased as PIL's are.
public enum Interpolation: String, Codable, Sendable, CaseIterable {
  /// A triangle filter.
  case bilinear
  /// Keys' cubic filter with a = −0.5.
  case bicubic
}

/// A crop of random area and aspect ratio, as torchvision's `RandomResizedCrop`.
public struct CropRecipe: Codable, Sendable, Equatable {
  /// Smallest and largest area of the crop as a fraction of the image's.
  public var scale: [Double]
  /// Smallest and largest ratio of the crop's width to its height.
  public var ratio: [Double]
  /// How the crop is resampled to the size of the view.
  public var interpolation: Interpolation
  /// α of the distribution Beta(α, α) of its place in either direction: 1 is uniform, and below, crops keep to the borders
  /// and so apart from one another (ContrastiveCrop, Peng and others 2022, arXiv 2202.03278: 0.6).
  public var placement: Double

  /// A crop; the defaults are SimSiam's.
  public init(
    scale: [Double] = [0.2, 1], ratio: [Double] = [3.0 / 4.0, 4.0 / 3.0], interpolation: Interpolation = .bilinear,
    placement: Double = 1
  ) {
    self.scale = scale
    self.ratio = ratio
    self.interpolation = interpolation
    self.placement = placement
  }
}

/// Random changes of color, with ranges as torchvision's `ColorJitter`.
public struct JitterRecipe: Codable, Sendable, Equatable {
  /// Probability that the view is jittered at all.
  public var probability: Double
  /// The factor is drawn from max(0, 1 − brightness) to 1 + brightness.
  public var brightness: Double
  /// The factor is drawn from max(0, 1 − contrast) to 1 + contrast.
  public var contrast: Double
  /// The factor is drawn from max(0, 1 − saturation) to 1 + saturation.
  public var saturation: Double
  /// The shift is drawn from −hue to hue, in turns; at most 0.5.
  public var hue: Double

  /// A jitter; the defaults are SimSiam's.
  public init(
    probability: Double = 0.8, brightness: Double = 0.4, contrast: Double = 0.4, saturation: Double = 0.4,
    hue: Double = 0.1
  ) {
    self.probability = probability
    self.brightness = brightness
    self.contrast = contrast
    self.saturation = saturation
    self.hue = hue
  }
}

/// Which Gaussian blur is meant.
public enum BlurKind: String, Codable, Sendable, CaseIterable {
  /// A sampled Gaussian of a given kernel size with reflected borders.
  case torchvision
  /// Pillow's `ImageFilter.GaussianBlur`: three extended box blurs with replicated borders.
  case pil
}

/// A random Gaussian blur.
public struct BlurRecipe: Codable, Sendable, Equatable {
  /// Probability that the view is blurred.
  public var probability: Double
  /// Which blur is applied.
  public var kind: BlurKind
  /// Width of the kernel in pixels, odd; used by the torchvision blur only.
  public var kernelSize: Int
  /// Smallest and largest standard deviation (torchvision) or radius (PIL), in pixels.
  public var sigma: [Double]

  /// A blur; the defaults are SimSiam's.
  public init(
    probability: Double = 0.5, kind: BlurKind = .torchvision, kernelSize: Int = 9, sigma: [Double] = [0.1, 2]
  ) {
    self.probability = probability
    self.kind = kind
    self.kernelSize = kernelSize
    self.sigma = sigma
  }
}

/// A random inversion of bright values.
public struct SolarizeRecipe: Codable, Sendable, Equatable {
  /// Probability that the view is solarized.
  public var probability: Double
  /// Values at or above this one, from 0 to 256, are inverted.
  public var threshold: Int

  /// A solarization; by default it never happens.
  public init(probability: Double = 0, threshold: Int = 128) {
    self.probability = probability
    self.threshold = threshold
  }
}

/// Random operations of one strength, as torchvision's `RandAugment` (Cubuk et al., 2020).
public struct RandAugmentRecipe: Codable, Sendable, Equatable {
  /// How many operations are applied one after the other; 0 for none.
  public var operations: Int
  /// Their strength, from 0 to 30.
  public var magnitude: Int

  /// Random operations; by default none.
  public init(operations: Int = 0, magnitude: Int = 9) {
    self.operations = operations
    self.magnitude = magnitude
  }
}

/// The replacement of a random rectangle by the mean color, as torchvision's `RandomErasing` with value 0.
public struct ErasingRecipe: Codable, Sendable, Equatable {
  /// Probability that a rectangle is erased.
  public var probability: Double
  /// Smallest and largest area of the rectangle as a fraction of the view's.
  public var scale: [Double]
  /// Smallest and largest ratio of the rectangle's height to its width.
  public var ratio: [Double]

  /// An erasing; by default it never happens.
  public init(probability: Double = 0, scale: [Double] = [0.02, 0.33], ratio: [Double] = [0.3, 3.3]) {
    self.probability = probability
    self.scale = scale
    self.ratio = ratio
  }
}
