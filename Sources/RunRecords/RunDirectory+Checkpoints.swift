import AtomicFiles
import Foundation

extension RunDirectory {
  /// A checkpoint in a run folder.
  public struct SavedCheckpoint: Sendable, Equatable {
    /// The file.
    public var path: String
    /// Steps taken when it was written; nil for the only checkpoint of a run of an older version.
    public var step: Int?
    /// Tells one content of the file from another: its size and when it was changed.
    public var stamp: String
  }

  /// The file of a checkpoint.
  /// - Parameter step: Steps taken when it is written.
  public func checkpointPath(atStep step: Int) -> String {
    let digits = String(step)
    return "\(checkpointsPath)/step-\(String(repeating: "0", count: max(8 - digits.count, 0)))\(digits).safetensors"
  }

  /// The checkpoints that there are, newest first.
  public func savedCheckpoints() -> [SavedCheckpoint] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: checkpointsPath)) ?? []
    let steps = names.compactMap { name -> Int? in
      guard name.hasPrefix("step-"), name.hasSuffix(".safetensors") else { return nil }
      return Int(name.dropFirst(5).dropLast(12))
    }
    var saved = steps.sorted(by: >).compactMap { checkpoint(at: checkpointPath(atStep: $0), step: $0) }
    // Older versions kept one checkpoint, under the name that is a link today.
    if saved.isEmpty, let last = checkpoint(at: checkpointPath, step: nil) { saved.append(last) }
    return saved
  }

  private func checkpoint(at path: String, step: Int?) -> SavedCheckpoint? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    let changed = status.st_mtim
    return SavedCheckpoint(
      path: path, step: step, stamp: "\(status.st_size) \(changed.tv_sec).\(changed.tv_nsec) \(status.st_ino)")
  }

  /// Lets `checkpointPath` or `bestCheckpointPath` lead to a checkpoint, atomically; copies it where there are no links.
  /// - Throws: `RecordError` when the disk refuses.
  public func link(_ path: String, toStep step: Int) throws(RecordError) {
    let target = checkpointPath(atStep: step)
    let temporary = "\(checkpointsPath)/.\((path as NSString).lastPathComponent).\(getpid()).partial"
    unlink(temporary)
    guard symlink((target as NSString).lastPathComponent, temporary) == 0 else {
      guard [EPERM, ENOTSUP, ENOSYS].contains(errno) else {
        throw RecordError(FileError(path: path, action: .write, code: errno))
      }
      return try replaceFile(at: path, with: readFile(at: target))
    }
    guard rename(temporary, path) == 0 else {
      let code = errno
      unlink(temporary)
      throw RecordError(FileError(path: path, action: .write, code: code))
    }
  }

  /// The step of the checkpoint that a link leads to; nil where there is none.
  public func linkedStep(_ path: String) -> Int? {
    guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: path), target.hasPrefix("step-")
    else {
      return nil
    }
    return Int(target.dropFirst(5).dropLast(12))
  }

  /// Removes files that a process left half written when it was killed.
  public func removeUnfinishedFiles() {
    for folder in [path, checkpointsPath] {
      let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
      for name in names where name.hasPrefix(".") && name.hasSuffix(".partial") { unlink("\(folder)/\(name)") }
    }
  }
}
