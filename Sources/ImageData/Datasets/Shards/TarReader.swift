import CArchive
import Foundation

/// Goes through the members of an uncompressed tar file, header by header, passing over their data.
///
/// libarchive reads the headers, of every dialect that it knows, and tells the byte where it stands after one, which is
/// where the member's data begin; so members can be read later in any order, without it.
final class TarReader {
  /// An ordinary file in the archive.
  struct Member {
    let path: String
    /// The byte of the archive where the member's data begin.
    let offset: Int
    /// Bytes of data, all of them in the archive.
    let size: Int
  }

  let path: String
  /// Bytes of the whole archive.
  let size: Int
  /// When the archive was changed last, in nanoseconds since 1970.
  let modified: Int
  private let descriptor: Int32
  private let archive: OpaquePointer
  /// Whether a member was begun.
  private var isInside = false

  /// Bytes read at a time: a header and little of the data behind it, which is passed over.
  private static let blockSize = 4096

  /// Opens the archive at `path`.
  init(path: String) throws(DatasetError) {
    guard try FileKind(path: path) == .file else {
      throw DatasetError(path: path, problem: .wrongKind(expected: "a tar file"))
    }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    var information = stat()
    guard descriptor >= 0, fstat(descriptor, &information) == 0 else {
      let reason = String(cString: strerror(errno))
      if descriptor >= 0 { close(descriptor) }
      throw DatasetError(path: path, problem: .unreadable(reason))
    }
    guard let archive = archive_read_new() else { fatalError("no memory to open '\(path)'") }
    self.path = path
    self.size = Int(information.st_size)
    self.modified = information.st_mtim.nanoseconds
    self.descriptor = descriptor
    self.archive = archive
    archive_read_support_format_tar(archive)
    archive_read_support_format_empty(archive)
    // Without it, a stretch of zeros in the middle would pass for the end.
    archive_read_set_option(archive, "tar", "read_concatenated_archives", "1")
    guard archive_read_open_fd(archive, descriptor, Self.blockSize) == ARCHIVE_OK else {
      throw DatasetError(
        path: path, problem: .wrongContent(expected: "an uncompressed tar file", found: Self.message(of: archive)))
    }
  }

  deinit {
    archive_read_free(archive)
    close(descriptor)
  }

  /// The next ordinary file, or nil after the last one.
  ///
  /// - Parameter wholeSamples: How many samples precede it, for the message about damage.
  func next(after wholeSamples: Int) throws(DatasetError) -> Member? {
    while true {
      if isInside { archive_read_data_skip(archive) }
      isInside = true
      let header = Int(archive_filter_bytes(archive, 0))
      var entry: OpaquePointer?
      let status = archive_read_next_header(archive, &entry)
      if status == ARCHIVE_EOF { return nil }
      guard status == ARCHIVE_OK || status == ARCHIVE_WARN, let entry else {
        guard header > 0 else {
          throw DatasetError(
            path: path, problem: .wrongContent(expected: "an uncompressed tar file", found: Self.message(of: archive)))
        }
        throw damage(at: header, Self.message(of: archive), after: wholeSamples)
      }
      guard archive_entry_filetype(entry) == S_IFREG, archive_entry_hardlink(entry) == nil else { continue }
      guard let name = archive_entry_pathname(entry) else {
        throw damage(at: header, "a member without a name", after: wholeSamples)
      }
      let member = Member(
        path: String(cString: name), offset: Int(archive_filter_bytes(archive, 0)),
        size: Int(archive_entry_size(entry)))
      guard archive_entry_sparse_count(entry) == 0 else {
        throw damage(at: header, "'\(member.path)' is kept without its zeros, which is not read", after: wholeSamples)
      }
      guard member.size >= 0, member.offset >= 0, member.size <= size - member.offset else {
        throw damage(
          at: header, "'\(member.path)' is said to have \(member.size) bytes, but the file ends before",
          after: wholeSamples)
      }
      return member
    }
  }

  /// The data of a member, up to `limit` bytes.
  func data(of member: Member, limit: Int) throws(DatasetError) -> [UInt8] {
    do throws(FileRangeError) {
      return try readRange(of: descriptor, at: member.offset, count: min(member.size, limit))
    } catch {
      throw DatasetError(path: path, problem: .unreadable(error.reason))
    }
  }

  private func damage(at offset: Int, _ reason: String, after wholeSamples: Int) -> DatasetError {
    DatasetError(path: path, problem: .damagedShard(offset: offset, samplesBefore: wholeSamples, reason: reason))
  }

  private static func message(of archive: OpaquePointer) -> String {
    archive_error_string(archive).map { String(cString: $0) } ?? "no further reason"
  }
}
