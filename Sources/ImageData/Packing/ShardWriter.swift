import CArchive
import Foundation

/// Writes tar shards in the layout of WebDataset: `000000.tar`, `000001.tar`, …, each with so many samples.
final class ShardWriter {
  private let folder: String
  private let imagesPerShard: Int
  private var archive: OpaquePointer?
  private var descriptor: Int32 = -1
  private var shards = 0
  private var samples = 0

  /// Writes into a folder, which exists and holds no shards.
  init(folder: String, imagesPerShard: Int) {
    self.folder = folder
    self.imagesPerShard = imagesPerShard
  }

  deinit {
    if let archive {
      archive_write_free(archive)
      close(descriptor)
    }
  }

  /// Appends an image, and its class where it has one.
  ///
  /// - Parameter fileExtension: The ending of the image's member, without the dot.
  func append(_ image: [UInt8], fileExtension: String, label: Int?) throws(PackingError) {
    if archive == nil || samples % imagesPerShard == 0 { try beginShard() }
    let key = Self.padded(samples, to: 9)
    try append(image, named: "\(key).\(fileExtension)")
    if let label { try append(Array("\(label)".utf8), named: "\(key).cls") }
    samples += 1
  }

  /// Ends the last shard and returns when it is on the disk.
  func finish() throws(PackingError) {
    guard let archive else { return }
    self.archive = nil
    defer {
      archive_write_free(archive)
      close(descriptor)
    }
    guard archive_write_close(archive) == ARCHIVE_OK else { throw failure(Self.message(of: archive)) }
    guard fsync(descriptor) == 0 else { throw failure(String(cString: strerror(errno))) }
  }

  private func beginShard() throws(PackingError) {
    try finish()
    let path = "\(folder)/\(Self.padded(shards, to: 6)).tar"
    descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw failure(String(cString: strerror(errno))) }
    guard let archive = archive_write_new() else { fatalError("no memory to write a tar file") }
    archive_write_set_format_ustar(archive)
    archive_write_set_bytes_in_last_block(archive, 1)
    guard archive_write_open_fd(archive, descriptor) == ARCHIVE_OK else {
      let reason = Self.message(of: archive)
      archive_write_free(archive)
      close(descriptor)
      throw failure(reason)
    }
    self.archive = archive
    shards += 1
  }

  private func append(_ bytes: [UInt8], named name: String) throws(PackingError) {
    guard let entry = archive_entry_new() else { fatalError("no memory to write a tar file") }
    defer { archive_entry_free(entry) }
    archive_entry_set_pathname(entry, name)
    archive_entry_set_size(entry, la_int64_t(bytes.count))
    archive_entry_set_filetype(entry, UInt32(S_IFREG))
    archive_entry_set_perm(entry, 0o644)
    guard archive_write_header(archive, entry) == ARCHIVE_OK,
      bytes.withUnsafeBytes({ archive_write_data(archive, $0.baseAddress, $0.count) }) == bytes.count
    else { throw failure(Self.message(of: archive)) }
  }

  private func failure(_ reason: String) -> PackingError { PackingError(path: folder, problem: .unwritable(reason)) }

  private static func message(of archive: OpaquePointer?) -> String {
    archive.flatMap { archive_error_string($0) }.map { String(cString: $0) } ?? "libarchive gives no reason"
  }

  private static func padded(_ number: Int, to count: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, count - digits.count)) + digits
  }
}
