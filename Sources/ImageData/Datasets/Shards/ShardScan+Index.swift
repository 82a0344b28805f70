import Foundation
import Synchronization

extension ShardScan {
  /// The samples of all shards of a dataset, from the index where it holds and from the shards' headers where not.
  ///
  /// - Throws: The error of the first shard that has one.
  static func all(of place: ShardPlace, indexes: IndexCache) throws(DatasetError) -> [ShardScan] {
    let start = IndexCache.now
    let known = indexes.load(.shards, of: place.indexedPath) { cursor throws(MalformedBytes) in
      let count: Int = try cursor.number()
      var scans: [String: ShardScan] = [:]
      for _ in 0..<max(0, count) {
        let scan = try ShardScan(from: &cursor)
        scans[scan.file] = scan
      }
      return scans
    }

    let current = place.files.map { file in
      known?[file].flatMap { $0.isCurrent(in: place.folder) ? $0 : nil }
    }
    let missing = current.indices.filter { current[$0] == nil }
    if missing.isEmpty { return current.map { $0! } }

    // What takes time is waiting for the disk, so as many wait as there are.
    let fresh = Mutex<[Int: Result<ShardScan, DatasetError>]>([:])
    DispatchQueue.concurrentPerform(iterations: missing.count) { position in
      let file = place.files[missing[position]]
      let result = Result { () throws(DatasetError) in try ShardScan(folder: place.folder, file: file) }
      fresh.withLock { $0[missing[position]] = result }
    }
    let results = fresh.withLock { $0 }
    var scans: [ShardScan] = []
    for (position, scan) in current.enumerated() {
      if let scan { scans.append(scan) } else { scans.append(try results[position]!.get()) }
    }
    indexes.save(
      .shards, of: place.indexedPath, count: scans.reduce(0) { $0 + $1.count },
      lastChange: scans.map(\.modified).max() ?? 0,
      start: start
    ) { output in
      output.append(number: scans.count)
      for scan in scans { scan.encode(into: &output) }
    }
    return scans
  }

  /// Whether the shard has the size and the time that it had.
  private func isCurrent(in folder: String) -> Bool {
    var information = stat()
    return stat("\(folder)/\(file)", &information) == 0 && Int(information.st_size) == size
      && information.st_mtim.nanoseconds == modified
  }
}
