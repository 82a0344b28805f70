import Foundation

extension ShardScan {
  /// The samples of all shards of a dataset, from the index where it holds and from the shards' headers where not.
  ///
  /// - Throws: The error of the first shard that has one.
  static func all(
    of place: ShardPlace, keyAt: ShardKey, indexes: IndexCache
  ) throws(DatasetError) -> [ShardScan] {
    let start = IndexCache.now
    let kind = keyAt == .firstDot ? IndexCache.Kind.shards : .shardsByLastDot
    let known = indexes.load(kind, of: place.indexedPath) { cursor throws(MalformedBytes) in
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
    var fresh = concurrentMap(missing) { position in
      Result { () throws(DatasetError) in
        try ShardScan(folder: place.folder, file: place.files[position], keyAt: keyAt)
      }
    }[...]
    var scans: [ShardScan] = []
    for scan in current {
      if let scan { scans.append(scan) } else { scans.append(try fresh.removeFirst().get()) }
    }
    indexes.save(
      kind, of: place.indexedPath, count: scans.reduce(0) { $0 + $1.count },
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
