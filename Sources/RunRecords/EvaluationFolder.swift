import AtomicFiles
import Foundation

/// A folder of results of evaluations, a file for each.
public struct EvaluationFolder: Sendable, Equatable {
  /// Where it is; it is made with the first result.
  public let path: String

  /// Names a folder; nothing is made yet.
  public init(path: String) {
    self.path = path
  }

  /// Writes a result as `NAME.json`, or with a number behind the name where that exists: none is replaced, also
  /// when several processes write at once.
  public func write(_ result: some Encodable, named name: String) throws(RecordError) {
    try makeFolder(path)
    var file = "\(path)/\(name).json"
    var number = 1
    // The name is taken before the content is there.
    while true {
      let descriptor = Foundation.open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      if descriptor >= 0 {
        close(descriptor)
        break
      }
      guard errno == EEXIST else { throw RecordError(FileError(path: file, action: .write, code: errno)) }
      number += 1
      file = "\(path)/\(name)-\(number).json"
    }
    do throws(RecordError) {
      try writeJSON(result, to: file)
    } catch {
      unlink(file)
      throw error
    }
  }
}
