import AtomicFiles
import CZlib
import Foundation

/// Keeps what takes long to find out about a folder of images, one file for each in the user's cache folder.
///
/// An index is a convenience: one that is missing, damaged, of another version or of another folder is as none, and a
/// cache folder that cannot be written is no error. Indexes of folders that are gone stay until a user removes them.
struct IndexCache: Sendable {
  /// Where the indexes are.
  let folder: String
  /// Folders with fewer images are listed again every time, which is fast.
  let minimumCount: Int

  /// `$XDG_CACHE_HOME/hardviews/indexes`, where `XDG_CACHE_HOME` is `~/.cache` unless it is set.
  static let standard = IndexCache(
    folder: (ProcessInfo.processInfo.environment["XDG_CACHE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
      ?? NSHomeDirectory() + "/.cache") + "/hardviews/indexes", minimumCount: 1000)

  /// How long before an index a change must have been made to be told from a later one by its time, in nanoseconds:
  /// file systems keep times to 2 s at worst.
  static let timeGranularity = 2_000_000_000

  private static let magic: [UInt8] = Array("HVINDEX1".utf8)

  /// What is being kept; a change of its layout gets another number.
  enum Kind: String {
    case folder = "folder-2"
    case shards = "shards-2"
    /// Shards whose keys end at the last dot.
    case shardsByLastDot = "shards-2-last-dot"
  }

  /// Reads the index of the folder at `path`, if there is a whole one.
  ///
  /// - Parameter decode: Reads what `encode` wrote in `save`. Whether it still holds is the caller's to find out.
  func load<Content>(
    _ kind: Kind, of path: String, _ decode: (inout ByteCursor) throws(MalformedBytes) -> Content
  ) -> Content? {
    guard let key = Key(kind, path), let file = try? FileBytes.read(filePath(key)) else { return nil }
    return file.withUnsafeBytes { bytes in
      var cursor = ByteCursor(bytes)
      do throws(MalformedBytes) {
        guard try cursor.take(Self.magic.count).elementsEqual(Self.magic) else { return nil }
        let checksum = try cursor.number(UInt32.self)
        guard Self.checksum(bytes.dropFirst(Self.magic.count + 4)) == checksum else { return nil }
        guard try cursor.name() == key.text else { return nil }
        let content = try decode(&cursor)
        try cursor.expectEnd()
        return content
      } catch {
        return nil
      }
    }
  }

  /// Keeps the index of the folder at `path`, unless something in it was changed so shortly ago that a further change
  /// could go unnoticed.
  ///
  /// - Parameters:
  ///   - count: The number of images.
  ///   - lastChange: When the youngest of the files or folders that the index depends on was changed, in nanoseconds.
  ///   - start: When the first of them was looked at, likewise.
  ///   - encode: Appends the index.
  func save(
    _ kind: Kind, of path: String, count: Int, lastChange: Int, start: Int, _ encode: (inout [UInt8]) -> Void
  ) {
    guard count >= minimumCount, lastChange < start - Self.timeGranularity, let key = Key(kind, path) else { return }
    var content: [UInt8] = []
    content.append(name: key.text)
    encode(&content)
    var bytes = Self.magic
    bytes.append(number: content.withUnsafeBytes { Self.checksum($0[...]) })
    bytes += content
    try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try? AtomicFile.write(bytes, to: filePath(key))
  }

  /// The time now, as `save` takes it.
  static var now: Int {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return time.nanoseconds
  }

  /// What an index is of.
  private struct Key {
    let text: String

    init?(_ kind: Kind, _ path: String) {
      guard let absolute = realpath(path, nil) else { return nil }
      defer { free(absolute) }
      text = "\(kind.rawValue) \(String(cString: absolute))"
    }

    /// FNV-1a; the text itself is in the index, so that a collision costs time only.
    var hash: UInt64 {
      text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
  }

  private func filePath(_ key: Key) -> String { "\(folder)/\(String(key.hash, radix: 16)).index" }

  private static func checksum(_ bytes: Slice<UnsafeRawBufferPointer>) -> UInt32 {
    let bytes = UnsafeRawBufferPointer(rebasing: bytes)
    return UInt32(truncatingIfNeeded: crc32_z(0, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count))
  }
}

extension timespec {
  /// Nanoseconds since 1970.
  var nanoseconds: Int { Int(tv_sec) * 1_000_000_000 + Int(tv_nsec) }
}
