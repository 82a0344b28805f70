import Foundation
import Synchronization

/// The shards of a dataset, opened when they are read from; a few are kept open.
final class ShardFiles: Sendable {
  private let folder: String
  private let scans: [ShardScan]
  private let open = Mutex<[(shard: Int, file: OpenFile)]>([])

  /// How many shards are kept open; a process may have 1024 files open unless told otherwise.
  private static let limit = 64

  /// Nothing is opened before it is read.
  init(folder: String, scans: [ShardScan]) {
    self.folder = folder
    self.scans = scans
  }

  /// Reads a part of a shard; `name` stands for it in errors.
  func read(shard: Int, at offset: Int, count: Int, name: String) throws(ImageError) -> [UInt8] {
    do throws(FileRangeError) {
      return try readRange(of: file(shard).descriptor, at: offset, count: count)
    } catch {
      throw ImageError(path: name, problem: .unreadable(error.reason))
    }
  }

  private func file(_ shard: Int) throws(FileRangeError) -> OpenFile {
    let known = open.withLock { open in open.first { $0.shard == shard }?.file }
    if let known { return known }
    let file = try OpenFile("\(folder)/\(scans[shard].file)", unchangedSince: scans[shard])
    open.withLock { open in
      // Another thread may have opened it meanwhile; a file is closed when the last one has read from it.
      guard !open.contains(where: { $0.shard == shard }) else { return }
      if open.count == Self.limit { open.removeFirst() }
      open.append((shard, file))
    }
    return file
  }

  /// An open file, closed with the last reference.
  private final class OpenFile: Sendable {
    let descriptor: Int32

    init(_ path: String, unchangedSince scan: ShardScan) throws(FileRangeError) {
      descriptor = Foundation.open(path, O_RDONLY | O_CLOEXEC)
      var information = stat()
      guard descriptor >= 0, fstat(descriptor, &information) == 0 else {
        throw FileRangeError(reason: String(cString: strerror(errno)))
      }
      guard Int(information.st_size) == scan.size, information.st_mtim.nanoseconds == scan.modified else {
        throw FileRangeError(reason: "the shard was changed after the dataset was opened")
      }
    }

    deinit {
      if descriptor >= 0 { close(descriptor) }
    }
  }
}
