import Corruptions
import ImageData
import RepresentationEvaluation
import Torch
import Views

/// How well a classifier that learned from clean images recognizes corrupted ones (Hendrycks and Dietterich 2019,
/// arXiv 1903.12261).
///
/// A classifier on frozen features learns from clean training images and is measured on the test images under every
/// corruption and severity. Images are corrupted at the size that the encoder sees, after resizing and cropping, as for
/// ImageNet-C.
public struct Robustness: EvaluationProtocol, Equatable {
  /// `robustness`.
  public static let name = "robustness"
  /// The first version.
  public static let version = 1

  /// What learns from the clean features.
  public enum Classifier: String, Codable, Sendable, CaseIterable {
    /// `LinearProbe`.
    case linear
    /// The votes of `NearestNeighbours`.
    case knn
  }

  /// What is done to images.
  public var corruptions = Corruption.allCases
  /// How much, each from 1 to 5.
  public var severities = Array(Corruptor.severities)
  /// Whose constants; nil takes those for the side of the images that the encoder sees.
  public var scale: CorruptionScale?
  /// How many of the test images are corrupted, of each class in its proportion; 0 for all.
  public var images = 0
  /// What learns from the clean features.
  public var classifier = Classifier.linear
  /// The settings of `linear`.
  public var probe = LinearProbe()
  /// How many neighbors vote in `knn`.
  public var neighbours = 20
  /// The errors of another encoder that errors are divided by; nil for none.
  public var baseline: Baseline?
  /// Decides the random numbers of corruptions, and which test images are taken.
  public var seed: UInt64 = 0

  /// All corruptions and severities, on all test images.
  public init() {}

  /// `mean corruption error`.
  public var mainMeasure: String? { "mean corruption error" }

  /// The errors of an encoder that others are compared with: AlexNet's in the publication.
  public struct Baseline: Codable, Sendable, Equatable {
    /// The encoder in words.
    public var name: String
    /// The error on the clean test images.
    public var cleanError: Double
    /// For each corruption the mean error over severities.
    public var errors: [MeanError]
    /// The severities that these are means over.
    public var severities: [Int]
    /// Whose constants the images were corrupted with.
    public var scale: CorruptionScale
    /// How many test images were corrupted.
    public var images: Int

    /// The errors of a result.
    public init(_ result: Result, name: String) {
      self.name = name
      cleanError = 1 - result.clean.top1
      scale = result.scale
      images = result.clean.images
      errors = result.corruptions.map { MeanError(corruption: $0.corruption, error: $0.error) }
      severities = result.corruptions.first?.severities.map(\.severity) ?? []
    }

    /// The error under one corruption.
    public struct MeanError: Codable, Sendable, Equatable {
      /// The corruption.
      public var corruption: Corruption
      /// The mean error over severities.
      public var error: Double
    }

    /// The error under a corruption; nil where it was not measured.
    func error(under corruption: Corruption) -> Double? { errors.first { $0.corruption == corruption }?.error }
  }

  /// Learns from clean images and measures on corrupted ones.
  /// - Throws: `ProtocolSettingError`; `EvaluationDataError` where accuracy means nothing; `MissingLabelsError`;
  ///   `LoaderError`; `TorchError` when memory runs out.
  public func evaluate(_ task: EncoderTask) throws -> Result {
    try check()
    let scale = scale ?? CorruptionScale(forSide: task.transform.crop)
    if let baseline, baseline.scale != scale {
      throw refuse(
        "baseline",
        "was measured with the constants of \(baseline.scale.rawValue), not of \(scale.rawValue); name them "
          + "with scale")
    }
    let skipped = task.skippedImages()
    let test =
      images > 0 ? task.test.limited(to: images, seed: seed) : Subset(task.test, indices: Array(0..<task.test.count))
    // Every corruption and severity begins with the same crops, and decoding takes longer than corrupting.
    let kept = CachedImages(CroppedImages(base: test, transform: task.transform), capacity: Self.cacheCapacity)
    var cropped = task
    cropped.transform = task.transform.ofCroppedImages
    let clean = try cropped.features(of: kept, with: task.backbone, skipped: skipped)
    if let baseline, baseline.images != clean.count {
      throw refuse(
        "baseline", "was measured on \(baseline.images) test images, not on \(clean.count); measure both alike")
    }
    let train = try task.trainFeatures?() ?? task.features(of: task.train, with: task.backbone)
    try train.check(against: clean)
    let classify = try learned(from: train, task)
    var corrupted: [CorruptionErrors] = []
    var wrongs: [[[Double]]] = []
    for corruption in corruptions {
      let wrong = try severities.map { severity in
        let images = CorruptedImages(
          base: kept, corruptor: Corruptor(corruption, severity: severity, scale: scale), numbers: test.indices,
          seed: seed)
        let features = try cropped.features(of: images, with: task.backbone, skipped: skipped)
        return try classify(features).places.map { $0 == 1 ? 0.0 : 1 }
      }
      corrupted.append(
        CorruptionErrors(corruption, severities: severities, wrong: wrong, seed: seed, baseline: baseline))
      wrongs.append(wrong)
      task.onProgress(
        "\(corruption.rawValue) (\(corrupted.count) of \(corruptions.count)): error \(percent(corrupted.last!.error))")
    }
    return Result(
      clean: Accuracy(try classify(clean)), scale: scale, corruptions: corrupted, wrong: wrongs, baseline: baseline,
      seed: seed)
  }

  /// Bytes of cropped test images that are kept in memory.
  private static let cacheCapacity = 1 << 30

  /// What gives the guesses of a classifier that learned from clean features.
  private func learned(from train: LabelledFeatures, _ task: EncoderTask) throws -> (LabelledFeatures) throws ->
    Outcomes
  {
    switch classifier {
    case .linear: return try probe.classifier(learningFrom: train).outcomes(of:)
    case .knn:
      var evaluation = NearestNeighbours()
      evaluation.neighbours = [neighbours]
      return { try evaluation.evaluate(train: train, test: $0).votes[0].outcomes }
    }
  }

  private func refuse(_ setting: String, _ reason: String) -> ProtocolSettingError {
    ProtocolSettingError(protocolName: Self.name, setting: setting, reason: reason)
  }

  private func check() throws(ProtocolSettingError) {
    if corruptions.isEmpty { throw refuse("corruptions", "must name at least one corruption") }
    if severities.isEmpty { throw refuse("severities", "must name at least one severity") }
    if Set(corruptions).count < corruptions.count { throw refuse("corruptions", "names a corruption twice") }
    if Set(severities).count < severities.count { throw refuse("severities", "names a severity twice") }
    if let severity = severities.first(where: { !Corruptor.severities.contains($0) }) {
      throw refuse("severities", "must be from 1 to 5, not \(severity)")
    }
    if images < 0 { throw refuse("images", "must be 0 (all) or more, not \(images)") }
    if neighbours < 1 { throw refuse("neighbours", "must be at least 1, not \(neighbours)") }
    guard let baseline else { return }
    if baseline.severities.sorted() != severities.sorted() {
      throw refuse(
        "baseline", "was measured at severities \(baseline.severities), not at \(severities); measure both alike")
    }
    if let missing = corruptions.first(where: { baseline.error(under: $0) == nil }) {
      throw refuse("baseline", "has no error under \(missing.rawValue); measure it on the same corruptions")
    }
    if let perfect = corruptions.first(where: { baseline.error(under: $0) == 0 }) {
      throw refuse("baseline", "makes no error under \(perfect.rawValue), so nothing can be divided by it")
    }
  }
}

/// A share as a percentage with two decimals.
func percent(_ share: Double) -> String {
  let hundredths = Int((share * 10_000).rounded())
  return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100) %"
}
