import Encoders
import ImageData
import RepresentationEvaluation

/// Which labelled images encoders are measured on, and how they are divided; the same for all encoders.
public struct EvaluationImages: Sendable {
  /// The share of every class that is held out where there is no test split and no other share is asked for.
  public static let usualHeldOutShare = 0.2

  /// A dataset; nil takes the images that the encoder's run was trained on.
  public var data: String?
  /// A dataset whose training split is learned from, instead of `data`; together with `test`.
  public var train: String?
  /// A dataset whose test split, or all of which where it has none, is measured on; together with `train`.
  public var test: String?
  /// The share of every class that is held out, between 0 and 1; nil takes the test split, or the usual share where
  /// there is none.
  public var heldOutShare: Double?
  /// Decides which images are held out.
  public var seed: UInt64
  /// Whether each image is measured against all others.
  public var leavesOneOut: Bool
  /// What to do with test images of classes that the training images lack.
  public var unknownClasses: LabelledDivision.UnknownClasses

  /// The images of one dataset.
  ///
  /// - Parameter data: Labelled images; nil takes those that the encoder's run was trained on.
  public init(
    data: String? = nil, heldOutShare: Double? = nil, seed: UInt64 = 0, leavesOneOut: Bool = false,
    unknownClasses: LabelledDivision.UnknownClasses = .refused
  ) {
    self.data = data
    self.heldOutShare = heldOutShare
    self.seed = seed
    self.leavesOneOut = leavesOneOut
    self.unknownClasses = unknownClasses
  }

  /// The images of two datasets, whose classes are matched by name.
  public init(train: String, test: String, unknownClasses: LabelledDivision.UnknownClasses = .refused) {
    self.init(unknownClasses: unknownClasses)
    self.train = train
    self.test = test
  }

  /// Opens and divides the images, in the channels that an encoder takes.
  /// - Throws: Errors of the data; `EncoderError` where there are none; `MissingLabelsError`; `DivisionError`.
  public func divided(for encoder: VisionEncoder) throws -> LabelledDivision {
    if let train, let test {
      return try LabelledDivision(
        train: encoder.open(train), test: Self.openTest(test, encoder), kind: .twoSets, unknownClasses: unknownClasses)
    }
    let train = try encoder.open(data)
    if leavesOneOut { return try LabelledDivision(leavingOneOutOf: train) }
    if let heldOutShare { return try LabelledDivision(train, holdingOut: heldOutShare, seed: seed) }
    do {
      return try LabelledDivision(
        train: train, test: encoder.open(data, split: .test), kind: .testSplit, unknownClasses: unknownClasses)
    } catch let error as DatasetError where error.isMissingSplit {
      return try LabelledDivision(train, holdingOut: Self.usualHeldOutShare, seed: seed)
    }
  }

  /// The test split of a dataset, or all of it where it has no such split.
  static func openTest(_ path: String, _ encoder: VisionEncoder) throws -> any ImageDataset {
    do {
      return try encoder.open(path, split: .test)
    } catch let error as DatasetError where error.isMissingSplit {
      return try encoder.open(path)
    }
  }

  /// How the images were divided, in words; nil where they have a test split of which all is used.
  func remark(on division: LabelledDivision) -> String? {
    let origin = division.origin
    let ignored = origin.ignoredImages
    let leftOut =
      ignored == 0 ? nil : "\(ignored) test images are left out: no training image is of their class."
    switch origin.kind {
    case .testSplit: return leftOut
    case .twoSets:
      return (["Learned from \(train ?? ""), measured on \(test ?? "")."] + [leftOut].compactMap { $0 })
        .joined(separator: " ")
    case .leaveOneOut: return "Each image is measured against all others."
    case .heldOut:
      return (heldOutShare == nil ? "There is no test split: " : "")
        + "\(percentage(origin.heldOutShare ?? 0)) % of the images of each class are held out (seed \(seed))."
    }
  }
}

extension DatasetError {
  fileprivate var isMissingSplit: Bool {
    if case .noSplit = problem { true } else { false }
  }
}
