import Foundation

/// Reads image files whole.
enum FileBytes {
  /// The largest file that is read, in bytes.
  static let sizeLimit = 1 << 30

  /// The bytes of the file at `path`.
  ///
  /// A pipe or device is refused instead of waited for.
  static func read(_ path: String) throws(ImageError) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure(path) }
    defer { close(descriptor) }
    var information = stat()
    guard fstat(descriptor, &information) == 0 else { throw failure(path) }
    guard information.st_mode & S_IFMT == S_IFREG else {
      throw ImageError(path: path, problem: .notAFile)
    }
    let size = Int(information.st_size)
    guard size > 0 else { throw ImageError(path: path, problem: .empty) }
    guard size <= sizeLimit else {
      throw ImageError(path: path, problem: .tooManyBytes(size, limit: sizeLimit))
    }

    var problem: ImageError?
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, filled in
      while filled < size {
        let got = Foundation.read(descriptor, buffer.baseAddress! + filled, size - filled)
        if got < 0 && errno == EINTR { continue }
        if got < 0 { problem = failure(path) }
        if got <= 0 { break }
        filled += got
      }
    }
    if let problem { throw problem }
    return bytes
  }

  /// What the operating system just complained of.
  private static func failure(_ path: String) -> ImageError {
    ImageError(path: path, problem: .unreadable(String(cString: strerror(errno))))
  }
}
