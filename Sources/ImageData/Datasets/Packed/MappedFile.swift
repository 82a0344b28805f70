import Foundation

/// A file mapped into memory, read by the system where and when its bytes are used.
///
/// As with any mapping, a file that is cut short while it is in use ends the program. So packed files are never changed:
/// packing writes a new one and gives it the name when it is whole.
final class MappedFile: @unchecked Sendable {
  /// All bytes of the file.
  let bytes: UnsafeRawBufferPointer

  /// Maps the file at `path`, of which nothing is read yet.
  init(path: String) throws(DatasetError) {
    guard try FileKind(path: path) == .file else {
      throw DatasetError(path: path, problem: .wrongKind(expected: "a packed file"))
    }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    defer { if descriptor >= 0 { close(descriptor) } }
    var information = stat()
    guard descriptor >= 0, fstat(descriptor, &information) == 0 else {
      throw DatasetError(path: path, problem: .unreadable(String(cString: strerror(errno))))
    }
    let size = Int(information.st_size)
    // Nothing cannot be mapped.
    guard size > 0 else {
      bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      return
    }
    guard let base = mmap(nil, size, PROT_READ, MAP_SHARED, descriptor, 0), base != MAP_FAILED else {
      throw DatasetError(path: path, problem: .unreadable(String(cString: strerror(errno))))
    }
    bytes = UnsafeRawBufferPointer(start: base, count: size)
  }

  deinit {
    if let base = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: base), bytes.count) }
  }
}

extension MappedFile: PixelStore {
  func bytes(in range: Range<Int>) -> [UInt8] { [UInt8](bytes[range]) }
}
