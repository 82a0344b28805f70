import Encoders
import ImageData
import RepresentationEvaluation

/// A protocol as it is run on an encoder and divided images.
///
/// Protocols on frozen features are such protocols by themselves. Others, which change pixels or train the encoder, take
/// `encoder` and `division` of the evaluation.
public protocol EncoderProtocol: EvaluationProtocol {
  /// The same protocol with those of its settings that the images suffice for, such as fewer neighbors.
  func fitted(to evaluation: EncoderEvaluation) throws -> Self
  /// Throws where the settings ask for more than the images have; no image is read.
  func check(_ evaluation: EncoderEvaluation) throws
  /// Measures the encoder.
  func evaluate(_ evaluation: EncoderEvaluation) throws -> Result
}

extension EncoderProtocol {
  /// All settings go with all images.
  public func check(_ evaluation: EncoderEvaluation) throws {}

  /// The settings as they are.
  public func fitted(to evaluation: EncoderEvaluation) throws -> Self { self }

  /// Whether the protocol can measure each image against all others.
  var leavesOneOut: Bool { self is any LeaveOneOutProtocol }
}

extension EncoderProtocol where Self: FeatureProtocol {
  /// Measures features of the test images, which are taken once for all protocols.
  public func evaluate(_ evaluation: EncoderEvaluation) throws -> Result {
    guard evaluation.division.origin.kind != .leaveOneOut else {
      throw EvaluationDataError.needsTestImages(protocol: Self.name)
    }
    let features = try evaluation.features()
    return try evaluate(train: features.train, test: features.test)
  }
}

extension EncoderProtocol where Self: LeaveOneOutProtocol {
  /// Measures features of the test images, or of each image against all others.
  public func evaluate(_ evaluation: EncoderEvaluation) throws -> Result {
    let features = try evaluation.features()
    guard evaluation.division.origin.kind == .leaveOneOut else {
      return try evaluate(train: features.train, test: features.test)
    }
    return try evaluate(leavingOneOut: features.train)
  }
}

extension NearestNeighbours: EncoderProtocol {
  /// The numbers of neighbors that there are training images for, or all of these where they are fewer.
  public func fitted(to evaluation: EncoderEvaluation) throws -> NearestNeighbours {
    let available = try evaluation.availableNeighbours
    var fitted = self
    fitted.neighbours = neighbours.filter { $0 <= available }
    if fitted.neighbours.isEmpty { fitted.neighbours = [available] }
    return fitted
  }

  /// There are as many training images as neighbors.
  public func check(_ evaluation: EncoderEvaluation) throws {
    let available = evaluation.division.train.count - (evaluation.division.origin.kind == .leaveOneOut ? 1 : 0)
    if let most = neighbours.max(), most > available {
      throw EvaluationDataError.tooManyNeighbours(most, images: available)
    }
  }
}

extension FewLabels: EncoderProtocol {
  /// The numbers of images that every class has.
  public func fitted(to evaluation: EncoderEvaluation) throws -> FewLabels {
    fitting(try evaluation.trainingFeatures())
  }

  /// Every class has as many images as are drawn.
  public func check(_ evaluation: EncoderEvaluation) throws {
    let train = evaluation.division.train
    try check(labels: train.labels ?? [], classNames: train.classNames)
  }
}

extension Retrieval: EncoderProtocol {}

extension LinearProbe: EncoderProtocol {}

/// `OutlierDetection` with the images that are outliers.
public struct OutlierEvaluation: EncoderProtocol {
  /// That of `OutlierDetection`.
  public typealias Result = OutlierDetection.Result

  /// Where outliers come from.
  public enum Source: Codable, Sendable, Equatable {
    /// The test split of another dataset, or all of it where it has none.
    case data(String)
    /// Classes of the evaluated images, which are then not learned from: their names, or their numbers.
    case classes([String])
  }

  /// `outliers`.
  public static let name = OutlierDetection.name
  /// That of `OutlierDetection`.
  public static let version = OutlierDetection.version
  /// That of `OutlierDetection`.
  public var mainMeasure: String? { detection.mainMeasure }

  /// How outliers are told.
  public var detection = OutlierDetection()
  /// Which images they are.
  public var source: Source

  /// Outliers from a source, told in the usual way.
  public init(_ source: Source) {
    self.source = source
  }

  /// The usual neighbor, or the last one where there are fewer training images.
  public func fitted(to evaluation: EncoderEvaluation) throws -> OutlierEvaluation {
    var fitted = self
    fitted.detection.neighbour = max(1, min(detection.neighbour, try trainingImages(evaluation.division)))
    return fitted
  }

  /// Outliers that are classes are those of the images, and there are enough training images.
  public func check(_ evaluation: EncoderEvaluation) throws {
    let available = try trainingImages(evaluation.division)
    if available > 0, detection.neighbour > available {
      throw EvaluationDataError.tooManyNeighbours(detection.neighbour, images: available)
    }
  }

  /// How many training images remain.
  private func trainingImages(_ division: LabelledDivision) throws -> Int {
    guard case .classes(let classes) = source else { return division.train.count }
    let labels = division.train.labels ?? []
    let outside = try OutlierDetection.numbers(
      of: classes, among: labels + (division.test.labels ?? []), names: division.test.classNames)
    return labels.count { !outside.contains($0) }
  }

  /// Measures the distances of test images and outliers to the training images.
  public func evaluate(_ evaluation: EncoderEvaluation) throws -> OutlierDetection.Result {
    guard evaluation.division.origin.kind != .leaveOneOut else {
      throw EvaluationDataError.needsTestImages(protocol: Self.name)
    }
    switch source {
    case .data(let path):
      // Opened before any image is read, which may take long.
      let images = try EvaluationImages.openTest(path, evaluation.encoder)
      let outliers = RelabelledImages(images, labels: Array(repeating: 0, count: images.count), classNames: nil)
      let features = try evaluation.features()
      return try detection.evaluate(
        train: features.train, test: features.test, outliers: evaluation.features(of: outliers))
    case .classes(let names):
      let features = try evaluation.features()
      return try detection.evaluate(train: features.train, test: features.test, outlierClasses: names)
    }
  }
}

/// The protocols that need no images beside the labelled ones, those that take longest last.
public enum StandardProtocols {
  /// All of them, with their usual settings.
  public static let all: [any EncoderProtocol] = [NearestNeighbours(), Retrieval(), FewLabels(), LinearProbe()]

  /// Their names.
  public static var names: [String] { all.map { type(of: $0).name } }
}
