import Foundation
import ImageData
import RepresentationEvaluation
import Torch
import Views

/// How far an embedding moves under each kind and strength of augmentation.
///
/// Distances are cosine distances between the features of an image and of its altered form, as shares of the mean distance
/// between different images: 0 means that the encoder does not see the change, 1 that it takes the image for another.
public struct Invariance: EvaluationProtocol, Equatable {
  /// `invariance`.
  public static let name = "invariance"
  /// The first version.
  public static let version = 1

  /// What is done to images.
  public var alterations = Alteration.Kind.allCases
  /// How many of the test images are looked at, of each class in its proportion; 0 for all.
  public var images = 512
  /// Decides which images are looked at, where crops lie, and whether an image becomes brighter or darker.
  public var seed: UInt64 = 0

  /// All alterations, on 512 images.
  public init() {}

  /// `mean displacement`.
  public var mainMeasure: String? { "mean displacement" }

  /// Measures all kinds and strengths.
  /// - Throws: `EvaluationDataError`; `LoaderError`; `TorchError` when memory runs out.
  public func evaluate(_ task: EncoderTask) throws -> Result {
    let skipped = task.skippedImages()
    let test =
      images > 0 ? task.test.limited(to: images, seed: seed) : Subset(task.test, indices: Array(0..<task.test.count))
    // Every alteration begins with the same crops.
    let kept = CachedImages(CroppedImages(base: test, transform: task.transform), capacity: 1 << 30)
    var cropped = task
    cropped.transform = task.transform.ofCroppedImages
    let clean = try cropped.features(of: kept, with: task.backbone, skipped: skipped)
    let isColored = task.transform.channels == 3
    let asked = alterations.filter { isColored || !$0.changesColors }.flatMap(\.strengths)
    let others = Self.meanDistanceOfOthers(clean.features)
    let found = try asked.map { alteration in
      let images = AlteredImages(base: kept, alteration: alteration, numbers: test.indices, seed: seed)
      let features = try cropped.features(of: images, with: task.backbone, skipped: skipped)
      let distances = Self.distances(features.features, clean.features)
      task.onProgress("\(alteration.kind.rawValue) \(alteration.strength)")
      return Displacement(alteration, distances: distances.map { $0 / max(others, 1e-12) }, seed: seed)
    }
    return Result(displacements: found, distanceOfOthers: others, images: clean.count)
  }

  /// One minus the cosine of each row with the same row of the other.
  static func distances(_ features: Tensor, _ others: Tensor) -> [Double] {
    let products = features.converted(to: .float32).normalized() * others.converted(to: .float32).normalized()
    return products.sum(along: 1).scalars(as: Double.self).map { 1 - $0 }
  }

  /// The mean distance between the features of two different images.
  static func meanDistanceOfOthers(_ features: Tensor) -> Double {
    let count = Double(features.shape[0])
    let sum = features.converted(to: .float32).normalized().converted(to: .float64).sum(along: 0)
    // Of all ordered pairs, those of an image with itself have a cosine of one.
    return 1 - ((sum * sum).sum().number - count) / (count * (count - 1))
  }
}

/// A change to an image of a kind and a strength.
public struct Alteration: Codable, Sendable, Equatable {
  /// What is changed.
  public enum Kind: String, Codable, Sendable, CaseIterable {
    /// A random part of the image, enlarged; the strength is the part's share of the area.
    case crop
    /// Mirrored left to right.
    case flip
    /// Brighter or darker by the strength.
    case brightness
    /// More or less contrast by the strength.
    case contrast
    /// More or less saturated by the strength.
    case saturation
    /// The hue turned either way by the strength, in turns.
    case hue
    /// Without colors.
    case grayscale
    /// Blurred; the strength is the standard deviation as a share of the side.
    case blur
    /// Values above half inverted.
    case solarize

    /// Whether there must be colors for it to change anything.
    public var changesColors: Bool { self == .saturation || self == .hue || self == .grayscale }

    /// The kind at each of its strengths, weakest first.
    public var strengths: [Alteration] {
      let values: [Double] =
        switch self {
        case .crop: [0.75, 0.5, 0.25]
        case .flip, .grayscale, .solarize: [1]
        case .brightness, .contrast, .saturation: [0.2, 0.4, 0.8]
        case .hue: [0.05, 0.1, 0.2]
        case .blur: [0.01, 0.02, 0.05]
        }
      return values.map { Alteration(kind: self, strength: $0) }
    }
  }

  /// What is changed.
  public var kind: Kind
  /// How much, in the kind's unit.
  public var strength: Double

  /// A kind and its strength.
  public init(kind: Kind, strength: Double) {
    self.kind = kind
    self.strength = strength
  }

  /// The change to an image of a size as parameters of a view of the same size.
  func parameters(width: Int, height: Int, using random: inout ViewRandom) -> ViewParameters {
    var view = ViewParameters(
      sourceWidth: width, sourceHeight: height, crop: CropBox(top: 0, left: 0, height: height, width: width))
    let isMore = random.uniform() < 0.5
    let factor = isMore ? 1 + strength : 1 - strength
    switch kind {
    case .crop:
      func inner(_ side: Int) -> Int { max(1, Int((Double(side) * strength.squareRoot()).rounded())) }
      view.crop = CropBox(
        top: random.integer(below: height - inner(height) + 1), left: random.integer(below: width - inner(width) + 1),
        height: inner(height), width: inner(width))
    case .flip: view.isFlipped = true
    case .brightness: view.jitter = JitterParameters(brightness: factor)
    case .contrast: view.jitter = JitterParameters(contrast: factor)
    case .saturation: view.jitter = JitterParameters(saturation: factor)
    case .hue: view.jitter = JitterParameters(hue: isMore ? strength : -strength)
    case .grayscale: view.isGrayscale = true
    case .blur: view.blurSigma = strength * Double(min(width, height))
    case .solarize: view.isSolarized = true
    }
    return view
  }
}

/// Images altered whenever they are asked for; square, all of one size.
struct AlteredImages: ImageDataset {
  let base: any ImageDataset
  let alteration: Alteration
  /// For each image the number that its random numbers belong to.
  let numbers: [Int]
  let seed: UInt64

  var count: Int { base.count }
  var labels: [Int]? { base.labels }
  var classNames: [String]? { base.classNames }
  var summary: String { "\(base.summary), \(alteration.kind.rawValue) \(alteration.strength)" }
  var shards: [Range<Int>]? { base.shards }

  func name(at index: Int) -> String { base.name(at: index) }

  func source(at index: Int) throws(ImageError) -> any ImageSource {
    let image = try base.image(at: index)
    var random = ViewRandom(
      seed: seed, epoch: 0, sample: numbers[index], view: 0, stream: RandomStream.alteration)
    let parameters = alteration.parameters(width: image.width, height: image.height, using: &random)
    var recipe = ViewRecipe(size: image.width, normalization: Normalization(mean: [0.5], standardDeviation: [0.5]))
    recipe.blur.kind = .pil
    let renderer = ViewRenderer(recipe: recipe, channels: image.channels, format: .uint8)
    var (scratch, pixels) = (RenderScratch(), [UInt8](repeating: 0, count: renderer.elementCount))
    pixels.withUnsafeMutableBytes { renderer.render(ImagePart(image), parameters, into: $0, scratch: &scratch) }
    return Image(width: image.width, height: image.width, channels: image.channels, pixels: pixels)
  }
}
