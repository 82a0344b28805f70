import Foundation

/// Replaces whole files, never leaving half of one.
enum AtomicFile {
  /// Writes text beside `path` and moves it there once it is on disk.
  static func write(_ text: String, to path: String) throws(RecordError) {
    let temporary = "\(path).\(getpid()).partial"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw .lastWrite(to: path) }
    var failure: RecordError?
    if !writeAll(Array(text.utf8), to: descriptor) || fsync(descriptor) != 0 { failure = .lastWrite(to: path) }
    close(descriptor)
    if failure == nil, rename(temporary, path) != 0 { failure = .lastWrite(to: path) }
    if let failure {
      unlink(temporary)
      throw failure
    }
  }
}

/// Writes every byte; false when the system refused, with `errno` set.
func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
  bytes.withUnsafeBytes { bytes in
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
      if count < 0 && errno != EINTR { return false }
      rest = rest.dropFirst(max(count, 0))
    }
    return true
  }
}
