import Foundation
import ImageData

/// Reads bytes as a tar shard and as a packed file, and every image that they are said to hold.
///
/// Both are files to their readers, so the bytes are written to memory-backed ones first.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzShards(_ data: UnsafePointer<UInt8>, _ count: Int) -> Int32 {
  for name in ["fuzzed.tar", "fuzzed.hvpack"] {
    let path = "/dev/shm/hardviews-\(getpid())-\(name)"
    FileManager.default.createFile(atPath: path, contents: Data(bytes: data, count: count))
    defer { unlink(path) }
    for split in DataSplit.allCases {
      let options = DecodingOptions(shardKey: count % 2 == 0 ? .firstDot : .lastDot)
      guard let dataset = try? Datasets.open(path: path, split: split, options: options) else { continue }
      for index in 0..<min(dataset.count, 50) {
        _ = try? dataset.image(at: index)
        precondition(!dataset.name(at: index).isEmpty)
      }
      precondition(dataset.labels.map { $0.count == dataset.count } ?? true)
    }
  }
  return 0
}
