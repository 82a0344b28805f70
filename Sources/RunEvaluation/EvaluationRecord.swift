import Views

/// A result with all that it depends on, as written to a file of the `evaluation` folder.
public struct EvaluationRecord<Settings: Codable & Sendable, Result: Codable & Sendable>: Codable, Sendable {
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

  /// The kind of evaluation, such as `knn`.
  public var evaluation: String
  /// When, in UTC.
  public var date: String
  /// The path of the images.
  public var data: String
  /// The file that the encoder was loaded from, or `random …` with the network and the seed.
  public var checkpoint: String
  /// Steps that the encoder was trained for, 0 for random weights; absent where its file does not say so.
  public var step: Int?
  /// The images.
  public var images: Images
  /// The settings of the evaluation: numbers of neighbors and temperature, or those of the linear probe.
  public var settings: Settings
  /// Remarks on the result, a sentence each.
  public var remarks: [String]
  /// The result.
  public var result: Result
}
