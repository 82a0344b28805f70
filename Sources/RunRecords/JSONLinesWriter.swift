import AtomicFiles
import Foundation

/// Appends records to a file, one JSON object a line, in the form that `JSONLines` reads.
///
/// Each line goes out in one system call, so a reader never sees half of one unless the machine stops. Several writers,
/// also of several processes, may append to one file: a lock keeps one from taking another's growing line for a cut one.
public final class JSONLinesWriter {
  private let path: String
  private let descriptor: Int32

  /// Opens a file for appending, making it when it is not there.
  ///
  /// A last line that was cut off while it was written is removed, so that the next record has a line of its own.
  /// - Throws: `RecordError` when the system refuses.
  public init(path: String) throws(RecordError) {
    self.path = path
    descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw failure() }
    lock()
    defer { unlock() }
    try removeUnfinishedLine()
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  /// Appends one record.
  /// - Throws: `RecordError` when the disk refuses, a full one for instance; no half of the line stays.
  public func append(_ record: some Encodable) throws(RecordError) { try append(line: JSONLines.encode(record)) }

  /// Appends a line with its newline.
  func append(line: Data) throws(RecordError) {
    lock()
    defer { unlock() }
    let end = lseek(descriptor, 0, SEEK_END)
    let count = line.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    guard count == line.count else {
      // A part of the line went out: the disk is full.
      if count >= 0 { errno = ENOSPC }
      let error = failure()
      ftruncate(descriptor, end)
      throw error
    }
  }

  private func removeUnfinishedLine() throws(RecordError) {
    let size = lseek(descriptor, 0, SEEK_END)
    var byte: UInt8 = 0
    guard size > 0, pread(descriptor, &byte, 1, size - 1) == 1, byte != JSONLines.newline else { return }
    let content = try readFile(at: path)
    let end = content.lastIndex(of: JSONLines.newline).map { $0 + 1 } ?? 0
    guard ftruncate(descriptor, off_t(end)) == 0 else { throw failure() }
  }

  /// Waits until no other writer changes the file.
  ///
  /// A file system without locks is used without.
  private func lock() {
    while flock(descriptor, LOCK_EX) != 0, errno == EINTR {}
  }

  private func unlock() { flock(descriptor, LOCK_UN) }

  /// What the last system call said.
  private func failure() -> RecordError {
    RecordError(FileError(path: path, action: .write, code: errno))
  }
}
