import Checkpoints
import Foundation
import Torch

/// Reference numbers that tests compare with.
public enum Fixtures {
  /// The committed folder.
  public static let committed = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fixtures")

  /// The path of a fixture: in the folder that `HARDVIEWS_FIXTURES` names when the file is there, else the committed one.
  public static func path(_ name: String) -> String {
    if let folder = ProcessInfo.processInfo.environment["HARDVIEWS_FIXTURES"] {
      let path = URL(filePath: folder).appending(path: name).path
      if FileManager.default.fileExists(atPath: path) { return path }
    }
    return committed.appending(path: name).path
  }

  /// Opens a safetensors fixture.
  public static func open(_ name: String) throws -> Checkpoint {
    try Checkpoint(path: path(name))
  }
}

/// A new folder that is removed when the body ends.
public func withTemporaryDirectory<Result>(_ body: (String) throws -> Result) throws -> Result {
  let path = FileManager.default.temporaryDirectory.appending(path: "hardviews-\(UUID().uuidString)").path
  try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: path) }
  return try body(path)
}
