import Statistics

/// A way to measure how good an encoder is: settings that compute a result.
///
/// Results of one name and version are comparable. The version rises whenever the same settings would give other numbers.
public protocol EvaluationProtocol: Codable, Sendable {
  /// What the protocol finds.
  associatedtype Result: EvaluationResult
  /// The name on the command line and of the files of results, such as `knn`.
  static var name: String { get }
  /// The version of the protocol, from 1.
  static var version: Int { get }
  /// The name of the first of its measures, by which encoders are compared; nil where the settings measure nothing.
  var mainMeasure: String? { get }
}

/// What a protocol found.
public protocol EvaluationResult: Codable, Sendable {
  /// The numbers that encoders are compared by.
  var measures: [Measure] { get }
}

/// A protocol on frozen features: it learns from one set of labelled images and is measured on another.
public protocol FeatureProtocol: EvaluationProtocol {
  /// Measures on `test` what can be learned from `train`.
  /// - Throws: `EvaluationDataError` where nothing can be measured; `TorchError` when memory runs out.
  func evaluate(train: LabelledFeatures, test: LabelledFeatures) throws -> Result
}

/// A protocol that can also measure each image of a set against all the others.
public protocol LeaveOneOutProtocol: FeatureProtocol {
  /// Measures each image against all others.
  /// - Throws: `EvaluationDataError` where nothing can be measured; `TorchError` when memory runs out.
  func evaluate(leavingOneOut images: LabelledFeatures) throws -> Result
}

/// A named number that encoders are compared by.
public struct Measure: Codable, Sendable, Equatable {
  /// What it is, such as `20-NN`.
  public var name: String
  /// The value, from 0 to 1.
  public var value: Double
  /// Its 95 % interval over test images.
  public var interval: ConfidenceInterval?
  /// Whether the better encoder has the lower value.
  public var lowerIsBetter: Bool

  /// Names a number.
  public init(name: String, value: Double, interval: ConfidenceInterval?, lowerIsBetter: Bool = false) {
    self.name = name
    self.value = value
    self.interval = interval
    self.lowerIsBetter = lowerIsBetter
  }
}
