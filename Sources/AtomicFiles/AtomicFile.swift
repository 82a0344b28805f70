import Foundation

/// Replaces files as a whole: whoever reads finds the old content or the new one, never a part, even after a crash.
package enum AtomicFile {
  /// Writes a file beside `path`, makes sure that it is on the disk, and renames it to `path`.
  ///
  /// - Parameters:
  ///   - body: Writes the content; what it throws is thrown on.
  ///   - convert: Turns a failure of the disk into an error of the caller's.
  /// - Throws: Then the file that was at `path` is as it was, and nothing is left beside it.
  package static func write<Failure: Error>(
    to path: String, _ body: (FileOutput) throws(Failure) -> Void, orThrow convert: (FileError) -> Failure
  ) throws(Failure) {
    let temporary = temporaryPath(beside: path)
    let output: FileOutput
    do throws(FileError) {
      output = try FileOutput(creating: temporary, for: path)
    } catch {
      throw convert(error)
    }
    var isRenamed = false
    defer { if !isRenamed { unlink(temporary) } }
    try body(output)
    do throws(FileError) {
      try output.finish()
      guard rename(temporary, path) == 0 else { throw FileError(path: path, action: .write, code: errno) }
    } catch {
      throw convert(error)
    }
    isRenamed = true
    synchronizeFolder(of: path)
  }

  /// Replaces a file's content with bytes.
  package static func write(_ bytes: some ContiguousBytes, to path: String) throws(FileError) {
    try write(to: path) { output throws(FileError) in
      bytes.withUnsafeBytes { output.write($0) }
    } orThrow: {
      $0
    }
  }

  private static func temporaryPath(beside path: String) -> String {
    let folder = (path as NSString).deletingLastPathComponent
    let name = ".\((path as NSString).lastPathComponent).\(UInt64.random(in: 0 ... .max)).partial"
    return folder.isEmpty ? name : "\(folder)/\(name)"
  }

  /// Makes the renaming itself survive a power cut, on file systems that can.
  private static func synchronizeFolder(of path: String) {
    let folder = (path as NSString).deletingLastPathComponent
    let descriptor = open(folder.isEmpty ? "." : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }
}
