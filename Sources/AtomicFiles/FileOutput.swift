import Foundation

/// A file being written from beginning to end; closed when it goes out of scope.
package struct FileOutput: ~Copyable {
  private let descriptor: Int32
  private let path: String

  /// Opens a file that must not exist yet.
  /// - Parameter path: The name that errors give, where it is to become another file.
  init(creating temporary: String, for path: String) throws(FileError) {
    descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    self.path = path
    guard descriptor >= 0 else { throw FileError(path: path, action: .write, code: errno) }
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  /// Appends bytes, all of them or an error.
  package func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = Foundation.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if count == 0 || errno != EINTR {
        throw FileError(path: path, action: .write, code: count == 0 ? ENOSPC : errno)
      }
    }
  }

  /// Returns when the file's content is on the disk.
  func synchronize() throws(FileError) {
    guard fsync(descriptor) == 0 else { throw FileError(path: path, action: .write, code: errno) }
  }
}
