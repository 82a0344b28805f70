import Foundation

/// A part of a file that could not be read, in the system's words.
struct FileRangeError: Error {
  let reason: String
}

/// Reads `count` bytes of an open file from `offset` on, without moving the place where others read it.
func readRange(of descriptor: Int32, at offset: Int, count: Int) throws(FileRangeError) -> [UInt8] {
  var failure: String?
  let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
    while filled < count, failure == nil {
      let got = pread(descriptor, buffer.baseAddress! + filled, count - filled, off_t(offset + filled))
      if got > 0 {
        filled += got
      } else if got == 0 {
        failure = "the file ends after \(offset + filled) bytes"
      } else if errno != EINTR {
        failure = String(cString: strerror(errno))
      }
    }
  }
  if let failure { throw FileRangeError(reason: failure) }
  return bytes
}
