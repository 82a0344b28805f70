import Foundation

/// Replaces files as a whole: whoever reads finds the old content or the new one, never a part, even after a crash.
package enum AtomicFile {
  /// Writes a file beside `path`, makes sure that it is on the disk, and renames it to `path`.
  ///
  /// - Throws: `FileError`, or what `body` throws. Then the file that was at `path` is as it was, and nothing is left
  ///   beside it.
  package static func write<Failure: Error>(
    to path: String, _ body: (borrowing FileOutput) throws(Failure) -> Void, orThrow convert: (FileError) -> Failure
  ) throws(Failure) {
    let temporary = temporaryPath(beside: path)
    var failure: Failure?
    do throws(FileError) {
      let output = try FileOutput(creating: temporary, for: path)
      do throws(Failure) {
        try body(output)
      } catch {
        failure = error
      }
      if failure == nil {
        try output.synchronize()
        guard rename(temporary, path) == 0 else { throw FileError(path: path, action: .write, code: errno) }
        synchronizeFolder(of: path)
      }
    } catch {
      failure = convert(error)
    }
    guard let failure else { return }
    unlink(temporary)
    throw failure
  }

  /// Replaces the content of a text or data file.
  package static func write(_ bytes: some ContiguousBytes, to path: String) throws(FileError) {
    try write(to: path) { output throws(FileError) in
      var failure: FileError?
      bytes.withUnsafeBytes { bytes in
        do throws(FileError) { try output.write(bytes) } catch { failure = error }
      }
      if let failure { throw failure }
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
