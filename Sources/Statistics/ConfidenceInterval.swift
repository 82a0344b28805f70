/// A range that holds the true value in 95 % of experiments, or in another stated share of them.
public struct ConfidenceInterval: Codable, Sendable, Equatable {
  /// The lower end.
  public var lower: Double
  /// The upper end.
  public var upper: Double

  /// A range from `lower` to `upper`.
  public init(lower: Double, upper: Double) {
    self.lower = lower
    self.upper = upper
  }

  /// Whether a value is within the range, its ends included.
  public func contains(_ value: Double) -> Bool { (lower...upper).contains(value) }
}
