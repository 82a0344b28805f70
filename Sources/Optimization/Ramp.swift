import Foundation

/// A value that moves from one end of training to the other.
public struct Ramp: Codable, Sendable, Equatable {
  /// The shape of the way.
  public enum Shape: String, Codable, Sendable, CaseIterable {
    /// A straight line.
    case linear
    /// Half a cosine: slow at both ends.
    case cosine
  }

  /// The value at first.
  public var start: Double
  /// The value at last.
  public var end: Double
  /// The shape of the way.
  public var shape: Shape

  /// Moves from one value to another.
  public init(from start: Double, to end: Double, _ shape: Shape = .linear) {
    self.start = start
    self.end = end
    self.shape = shape
  }

  /// The value at a share of the way from 0 to 1.
  public func value(at share: Double) -> Double {
    let share = min(max(share, 0), 1)
    let way = shape == .linear ? share : (1 - cos(.pi * share)) / 2
    return start + (end - start) * way
  }
}
