/// A problem in a configuration, and its place.
public struct ConfigurationError: Error, Equatable, CustomStringConvertible {
  /// The problem.
  public enum Problem: Sendable, Equatable {
    /// The text is not YAML, with the parser's reason.
    case syntax(String)
    /// The file cannot be read, with the reason.
    case unreadable(String)
    /// No such key here.
    case unknownKey(known: [String])
    /// A value of another kind than the key takes.
    case wrongType(expected: String, found: String)
    /// A name that is none of the known ones.
    case unknownValue(String, known: [String])
    /// A value that makes no sense, with the reason.
    case invalid(String)
    /// An assignment that is not `key.path=value`.
    case malformedAssignment
  }

  /// The dotted key path, or the assignment, or the file with line and column where that is known.
  public var path: String
  /// The problem.
  public var problem: Problem

  /// Describes a mistake.
  public init(path: String, problem: Problem) {
    self.path = path
    self.problem = problem
  }

  /// One paragraph: where, what, and what is known or to be done.
  public var description: String {
    switch problem {
    case .syntax(let reason): "\(path): not valid YAML: \(reason)."
    case .unreadable(let reason): "\(path): cannot be read: \(reason)."
    case .unknownKey(let known):
      "\(path): unknown key." + suggestion(for: lastKey, among: known)
        + (known.isEmpty ? " No keys are known here." : " Known here: \(known.joined(separator: ", ")).")
    case .wrongType(let expected, let found): "\(path): expected \(expected), found \(found)."
    case .unknownValue(let value, let known):
      "\(path): '\(value)' is not known." + suggestion(for: value, among: known)
        + " Known here: \(known.joined(separator: ", "))."
    case .invalid(let reason): "\(path): \(reason)" + (reason.hasSuffix(".") ? "" : ".")
    case .malformedAssignment:
      "'\(path)' is not of the form key.path=value, for example training.epochs=200."
    }
  }

  private var lastKey: String { path.split(separator: ".").last.map(String.init) ?? path }

  private func suggestion(for word: String, among known: [String]) -> String {
    nearestName(to: word, among: known).map { " Did you mean '\($0)'?" } ?? ""
  }
}
