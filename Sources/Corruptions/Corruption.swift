/// One of the fifteen corruptions of ImageNet-C (Hendrycks and Dietterich 2019, arXiv 1903.12261), in its order.
public enum Corruption: String, Codable, Sendable, CaseIterable {
  /// Normal noise on every value.
  case gaussianNoise = "gaussian_noise"
  /// Poisson noise, as of few photons.
  case shotNoise = "shot_noise"
  /// Single values become black or white.
  case impulseNoise = "impulse_noise"
  /// A disk, as of a lens out of focus.
  case defocusBlur = "defocus_blur"
  /// Neighboring pixels change places, as behind frosted glass.
  case glassBlur = "glass_blur"
  /// The trail of a camera that moves in a random direction.
  case motionBlur = "motion_blur"
  /// The mean of several magnifications.
  case zoomBlur = "zoom_blur"
  /// Falling snow, and the world a little whiter.
  case snow
  /// Ice on the lens: a synthesized texture here, photographs in ImageNet-C, so not comparable with published figures.
  case frost
  /// Plasma-fractal fog.
  case fog
  /// A higher value in HSV.
  case brightness
  /// Values moved towards the mean of their channel.
  case contrast
  /// A random affine map and smooth random displacements.
  case elasticTransform = "elastic_transform"
  /// Fewer, larger pixels.
  case pixelate
  /// JPEG of low quality.
  case jpegCompression = "jpeg_compression"

  /// What kind of harm it is.
  public enum Category: String, Codable, Sendable, CaseIterable {
    /// Gaussian, shot and impulse noise.
    case noise
    /// Defocus, glass, motion and zoom blur.
    case blur
    /// Snow, frost, fog and brightness.
    case weather
    /// Contrast, elastic transform, pixelate and JPEG.
    case digital
  }

  /// The category that ImageNet-C gives it.
  public var category: Category {
    switch self {
    case .gaussianNoise, .shotNoise, .impulseNoise: .noise
    case .defocusBlur, .glassBlur, .motionBlur, .zoomBlur: .blur
    case .snow, .frost, .fog, .brightness: .weather
    case .contrast, .elasticTransform, .pixelate, .jpegCompression: .digital
    }
  }

  /// Whether an image is always corrupted alike, whatever the seed.
  public var isDeterministic: Bool {
    switch self {
    case .defocusBlur, .zoomBlur, .brightness, .contrast, .pixelate, .jpegCompression: true
    default: false
    }
  }

  /// Whether it is what was published; false where something had to be replaced, so that errors cannot be compared.
  public var isAsPublished: Bool { self != .frost }
}

/// The published constants to corrupt with.
public enum CorruptionScale: String, Codable, Sendable, CaseIterable {
  /// Those of ImageNet-C, for images of 224 pixels.
  case imageNet = "imagenet"
  /// Those of CIFAR-10-C, for images of 32 pixels.
  case cifar

  /// The largest side in pixels that counts as small.
  public static let smallSide = 64

  /// The constants for images of a side in pixels: those of CIFAR-10-C up to 64, above that those of ImageNet-C.
  public init(forSide side: Int) { self = side <= Self.smallSide ? .cifar : .imageNet }
}
