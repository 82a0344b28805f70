import Foundation

/// A file being written from beginning to end.
///
/// The first failure is kept and what follows it is ignored, so that writers need not look after every write;
/// `AtomicFile` looks at the end.
package final class FileOutput {
  private let descriptor: Int32
  private let path: String
  private var failure: FileError?

  /// Opens a file that must not exist yet.
  /// - Parameter path: The name that errors give, since the file is to become another.
  init(creating temporary: String, for path: String) throws(FileError) {
    descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    self.path = path
    guard descriptor >= 0 else { throw FileError(path: path, action: .write, code: errno) }
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  /// Appends bytes.
  package func write(_ bytes: UnsafeRawBufferPointer) {
    var rest = bytes[...]
    while failure == nil, !rest.isEmpty {
      let count = Foundation.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
      if count >= 0 {
        rest = rest.dropFirst(count)
      } else if errno != EINTR {
        failure = FileError(path: path, action: .write, code: errno)
      }
    }
  }

  /// Replaces bytes that were written before, from byte `offset` on; what is appended afterwards stays at the end.
  package func replace(at offset: Int, with bytes: UnsafeRawBufferPointer) {
    var done = 0
    while failure == nil, done < bytes.count {
      let count = pwrite(descriptor, bytes.baseAddress! + done, bytes.count - done, off_t(offset + done))
      if count >= 0 {
        done += count
      } else if errno != EINTR {
        failure = FileError(path: path, action: .write, code: errno)
      }
    }
  }

  /// Returns when everything is on the disk.
  /// - Throws: The first failure there was.
  func finish() throws(FileError) {
    if let failure { throw failure }
    guard fsync(descriptor) == 0 else { throw FileError(path: path, action: .write, code: errno) }
  }
}
