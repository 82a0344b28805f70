import Foundation

/// The file system refused something: a full disk, missing rights, no such file.
public struct FileError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The operation that failed.
  public enum Action: String, Sendable {
    /// Reading a file or listing a folder.
    case read
    /// Making a folder.
    case create
    /// Writing a file.
    case write
  }

  /// The file or folder.
  public var path: String
  /// The operation that failed.
  public var action: Action
  /// The system's error number, `errno`.
  public var code: Int32

  /// An error with the system's number for it.
  public init(path: String, action: Action, code: Int32) {
    self.path = path
    self.action = action
    self.code = code
  }

  /// The system's words for what happened.
  public var reason: String { String(cString: strerror(code)) }

  /// A suggested remedy.
  public var advice: String {
    switch code {
    case ENOSPC, EDQUOT, EFBIG: "Free some space, or use a folder on another disk"
    case EACCES, EPERM: "Check the permissions, or use another folder"
    case EROFS: "Use a folder on a disk that can be written to"
    default: "Check that the path is right"
    }
  }

  /// One paragraph: what failed, on which file, why, and what to do.
  public var description: String { "\(path): could not \(action.rawValue) it (\(reason)). \(advice)." }
}

extension FileError {
  /// The error that a Foundation call threw; an I/O error where Foundation does not tell the system's number.
  package init(_ error: any Error, path: String, action: Action) {
    let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? any Error
    let code = ((underlying ?? error) as? POSIXError)?.code.rawValue
    self.init(path: path, action: action, code: code ?? EIO)
  }
}
