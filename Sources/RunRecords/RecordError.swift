import AtomicFiles

/// A record cannot be read or written.
public struct RecordError: Error, CustomStringConvertible, Equatable {
  /// The file or folder.
  public var path: String
  /// The problem, in words.
  public var reason: String
  /// A suggested remedy.
  public var advice: String

  /// Describes a failure.
  public init(path: String, reason: String, advice: String) {
    self.path = path
    self.reason = reason
    self.advice = advice
  }

  /// One paragraph: where, what, what to do.
  public var description: String { "\(path): \(reason). \(advice)." }
}

extension RecordError {
  /// What the file system refused.
  package init(_ error: FileError) {
    self.init(
      path: error.path, reason: "could not \(error.action.rawValue) it (\(error.reason))", advice: error.advice)
  }
}
