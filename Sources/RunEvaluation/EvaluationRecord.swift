import RepresentationEvaluation
import Views

/// A record, whatever the protocol.
public protocol MeasuredRecord: Encodable, Sendable {
  /// The name of the protocol.
  var evaluation: String { get }
  /// The version of the protocol.
  var version: Int { get }
  /// The numbers that encoders are compared by.
  var measures: [Measure] { get }
  /// Remarks on the result, a sentence each.
  var remarks: [String] { get }
}

/// A result with all that it depends on, as written to a file of the `evaluation` folder.
public struct EvaluationRecord<Settings: Codable & Sendable, Result: Codable & Sendable>: Codable, MeasuredRecord {
  /// The images and what the encoder sees of them.
  public struct Images: Codable, Sendable {
    /// Images that were learned from.
    public var train: Int
    /// Images that were measured on.
    public var test: Int
    /// Classes of the training images.
    public var classes: Int
    /// Pixels that the shorter side was resized to.
    public var resize: Int
    /// Side of the square cut from the center, in pixels.
    public var crop: Int
    /// Color channels.
    public var channels: Int
    /// The filter of the resizing.
    public var interpolation: Interpolation
    /// How pixel values became network inputs.
    public var normalization: Normalization
    /// The precision of the encoder, such as `float32`.
    public var precision: String
  }

  /// The name of the protocol, such as `knn`.
  public var evaluation: String
  /// The version of the protocol; numbers of one name and version are comparable.
  public var version: Int
  /// When, in UTC.
  public var date: String
  /// The path of the images, or of those that were learned from.
  public var data: String
  /// The path of the images that were measured on, where it is another.
  public var testData: String?
  /// How the images were divided.
  public var division: LabelledDivision.Origin
  /// The file that the encoder was loaded from, or `random …` with the network and the seed.
  public var checkpoint: String
  /// Steps that the encoder was trained for, 0 for random weights; absent where its file does not say so.
  public var step: Int?
  /// The images.
  public var images: Images
  /// The settings of the protocol, seeds among them.
  public var settings: Settings
  /// Remarks on the result, a sentence each.
  public var remarks: [String]
  /// Seconds that it took, with those of features that were not there yet.
  public var seconds: Double
  /// The numbers that encoders are compared by, with 95 % intervals over test images.
  public var measures: [Measure]
  /// The result.
  public var result: Result
}
