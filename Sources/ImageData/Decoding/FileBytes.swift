import Foundation

/// The bytes of one image file, read whole and freed with the value.
struct FileBytes: ~Copyable {
  /// The largest file that is read, in bytes.
  static let sizeLimit = 1 << 30

  private let storage: UnsafeMutableRawBufferPointer
  private let count: Int

  /// The bytes that were read.
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: storage[..<count]) }

  /// Reads the file at `path`.
  ///
  /// A pipe or device is refused instead of waited for.
  init(path: String) throws(ImageError) {
    let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw ImageError(path: path, problem: .unreadable(String(cString: strerror(errno))))
    }
    defer { close(descriptor) }
    var information = stat()
    guard fstat(descriptor, &information) == 0 else {
      throw ImageError(path: path, problem: .unreadable(String(cString: strerror(errno))))
    }
    guard information.st_mode & S_IFMT == S_IFREG else {
      throw ImageError(path: path, problem: .notAFile)
    }
    let size = Int(information.st_size)
    guard size > 0 else { throw ImageError(path: path, problem: .empty) }
    guard size <= Self.sizeLimit else {
      throw ImageError(path: path, problem: .tooManyBytes(size, limit: Self.sizeLimit))
    }

    let storage = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
    var filled = 0
    while filled < size {
      let got = read(descriptor, storage.baseAddress! + filled, size - filled)
      if got < 0 && errno == EINTR { continue }
      if got < 0 {
        let reason = String(cString: strerror(errno))
        storage.deallocate()
        throw ImageError(path: path, problem: .unreadable(reason))
      }
      if got == 0 { break }
      filled += got
    }
    self.storage = storage
    self.count = filled
  }

  deinit { storage.deallocate() }
}
