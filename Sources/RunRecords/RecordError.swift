import Foundation

/// A record cannot be read or written.
public struct RecordError: Error, CustomStringConvertible, Equatable {
  /// The file or folder.
  public var path: String
  /// What is wrong, in words.
  public var reason: String
  /// What to do about it.
  public var advice: String

  /// Describes a failure.
  public init(path: String, reason: String, advice: String) {
    self.path = path
    self.reason = reason
    self.advice = advice
  }

  /// One paragraph: where, what, what to do.
  public var description: String { "\(path): \(reason). \(advice)" }

  /// A write that the system refused just now.
  static func lastWrite(to path: String) -> RecordError {
    RecordError(
      path: path, reason: "cannot be written (\(String(cString: strerror(errno))))",
      advice: "Make room or check permissions; what was written before is whole")
  }
}
