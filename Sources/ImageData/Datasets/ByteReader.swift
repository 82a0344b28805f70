import CZlib
import Foundation

/// Reads a file front to back, unpacking it on the way where it is gzipped.
struct ByteReader: ~Copyable {
  let path: String
  /// How many bytes were read so far, after unpacking.
  private(set) var position = 0
  private let file: gzFile

  /// Opens the file at `path`, gzipped or plain; the first bytes tell which.
  init(path: String) throws(DatasetError) {
    guard try FileKind(path: path) == .file else {
      throw DatasetError(path: path, problem: .wrongKind(expected: "a file"))
    }
    guard let file = gzopen(path, "rb") else {
      throw DatasetError(path: path, problem: .unreadable(String(cString: strerror(errno))))
    }
    gzbuffer(file, 1 << 17)
    self.path = path
    self.file = file
  }

  deinit { gzclose(file) }

  /// The next `count` bytes.
  ///
  /// A file that ends before them is an error that speaks of `count` more than were read.
  mutating func read(_ count: Int) throws(DatasetError) -> [UInt8] {
    // A header can announce anything: memory beyond the first GiB is taken only as bytes really arrive.
    var bytes: [UInt8] = []
    bytes.reserveCapacity(min(count, 1 << 30))
    while bytes.count < count {
      let piece = try readPiece(atMost: min(count - bytes.count, 1 << 22))
      if piece.isEmpty {
        throw DatasetError(
          path: path, problem: .truncated(expected: position - bytes.count + count, found: position))
      }
      bytes.append(contentsOf: piece)
    }
    return bytes
  }

  /// Everything that is left.
  mutating func readToEnd() throws(DatasetError) -> [UInt8] {
    var bytes: [UInt8] = []
    while true {
      let piece = try readPiece(atMost: 1 << 22)
      if piece.isEmpty { return bytes }
      bytes.append(contentsOf: piece)
    }
  }

  /// Makes sure that nothing follows, which also checks a gzipped file's checksum.
  mutating func expectEnd() throws(DatasetError) {
    let expected = position
    guard try readPiece(atMost: 1).isEmpty else {
      throw DatasetError(path: path, problem: .trailingBytes(expected: expected))
    }
  }

  private mutating func readPiece(atMost limit: Int) throws(DatasetError) -> [UInt8] {
    var got: Int32 = 0
    let piece = [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
      got = gzread(file, buffer.baseAddress, UInt32(limit))
      count = max(0, Int(got))
    }
    position += piece.count
    var code: Int32 = 0
    let message = gzerror(file, &code)
    // A short read of a gzipped file that was cut off is no error yet to `gzread`, only to `gzerror`.
    guard got >= 0, code == Z_OK || code == Z_STREAM_END else {
      let words = message.map { String(cString: $0) } ?? ""
      throw DatasetError(path: path, problem: .unreadable("after \(position) unpacked bytes: \(words)"))
    }
    return piece
  }
}

/// What lies at a path, links followed.
enum FileKind: Equatable {
  case file, folder, other

  /// Asks the operating system; a path where nothing lies is an error.
  init(path: String) throws(DatasetError) {
    var information = stat()
    guard stat(path, &information) == 0 else {
      let missing = errno == ENOENT || errno == ENOTDIR
      throw DatasetError(path: path, problem: missing ? .missing : .unreadable(String(cString: strerror(errno))))
    }
    switch information.st_mode & S_IFMT {
    case S_IFREG: self = .file
    case S_IFDIR: self = .folder
    default: self = .other
    }
  }

  /// Whether an ordinary file lies at `path`.
  static func isFile(_ path: String) -> Bool { (try? FileKind(path: path)) == .file }

  /// Whether a folder lies at `path`.
  static func isFolder(_ path: String) -> Bool { (try? FileKind(path: path)) == .folder }
}
