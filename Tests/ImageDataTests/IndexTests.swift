import Foundation
import Testing

@testable import ImageData

@Suite struct IndexTests {
  private func indexFiles(_ folder: TemporaryFolder) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder.indexes.folder)) ?? []).map {
      "\(folder.indexes.folder)/\($0)"
    }
  }

  private func names(_ folder: TemporaryFolder) throws -> [String] {
    let dataset = try folder.open()
    return (0..<dataset.count).map { String(dataset.name(at: $0).dropFirst(folder.path.count + 1)) }
  }

  /// Changes the content of a file or folder and leaves its times as they are, so that only an index hides it.
  private func unnoticed(_ path: String, _ change: () throws -> Void) throws {
    var before = stat()
    try #require(stat(path, &before) == 0)
    try change()
    try #require(utimensat(AT_FDCWD, path, [before.st_atim, before.st_mtim], 0) == 0)
  }

  // MARK: Folders

  /// Lists a folder of two classes, all of it changed long ago, so that its index is written.
  private func indexedFolder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for file in ["a/1.jpg", "a/deep/2.jpg", "b/3.png"] { try folder.write([1], to: file) }
    try folder.age(60)
    #expect(try names(folder) == ["a/1.jpg", "a/deep/2.jpg", "b/3.png"])
    #expect(indexFiles(folder).count == 1)
    return folder
  }

  @Test func aListingIsTakenFromItsIndex() throws {
    let folder = try indexedFolder()
    let first = try folder.open()
    try unnoticed(folder.path + "/a") { try folder.write([1], to: "a/0.jpg") }
    let second = try folder.open()
    #expect(try names(folder) == ["a/1.jpg", "a/deep/2.jpg", "b/3.png"])
    #expect(second.labels == first.labels && second.classNames == first.classNames && second.summary == first.summary)
  }

  @Test(arguments: [
    "touch a/0.jpg", "touch a/deep/0.jpg", "rm a/1.jpg", "mv a/1.jpg a/4.jpg", "mv a/deep a/deeper", "mv a c",
    "mkdir c; touch c/9.png", "mkdir -p a/deep/er; touch a/deep/er/9.png", "touch stray.jpg", "rm -r b", "mkdir c",
    "touch a/.hidden", "touch a/deep/notes.txt",
  ])
  func anIndexOlderThanItsFolderIsNoticed(change: String) throws {
    let folder = try indexedFolder()
    try GNUTar.run(["sh", "-c", "cd '\(folder.path)'; \(change)"])
    let plain = try Datasets.open(path: folder.path, split: .train)
    let dataset = try folder.open()
    #expect(try names(folder) == (0..<plain.count).map { String(plain.name(at: $0).dropFirst(folder.path.count + 1)) })
    #expect(dataset.labels == plain.labels && dataset.classNames == plain.classNames)
    #expect(dataset.summary == plain.summary)
  }

  @Test func aFolderThatJustChangedIsNotKept() throws {
    let folder = try TemporaryFolder()
    try folder.write([1], to: "a/1.jpg")
    #expect(try names(folder) == ["a/1.jpg"])
    #expect(indexFiles(folder).isEmpty)
    // A change within the same tick of the clock has the same time.
    try unnoticed(folder.path + "/a") { try folder.write([1], to: "a/2.jpg") }
    #expect(try names(folder) == ["a/1.jpg", "a/2.jpg"])
  }

  @Test func smallFoldersAreNotKept() throws {
    let folder = try indexedFolder()
    try FileManager.default.removeItem(atPath: folder.indexes.folder)
    let indexes = IndexCache(folder: folder.indexes.folder, minimumCount: 4)
    #expect(try Datasets.open(path: folder.path, split: .train, indexes: indexes).count == 3)
    #expect(indexFiles(folder).isEmpty)
  }

  @Test func anUnwritableCacheIsNoError() throws {
    let folder = try TemporaryFolder()
    try folder.write([1], to: "a/1.jpg")
    let file = try folder.write([], to: "file")
    try folder.age(60)
    let indexes = IndexCache(folder: file + "/indexes", minimumCount: 0)
    #expect(try Datasets.open(path: folder.path, split: .train, indexes: indexes).count == 1)
  }

  @Test func noDamageToAnIndexMatters() throws {
    let folder = try indexedFolder()
    let file = try #require(indexFiles(folder).first)
    let whole = try Data(contentsOf: URL(filePath: file))
    let expected = try FolderIndex(of: folder.path, indexes: folder.indexes)
    for position in stride(from: 0, to: whole.count, by: 11) {
      var damaged = whole
      damaged[position] ^= 0x41
      try damaged.write(to: URL(filePath: file))
      #expect(try FolderIndex(of: folder.path, indexes: folder.indexes) == expected)
      try whole.prefix(position).write(to: URL(filePath: file))
      #expect(try FolderIndex(of: folder.path, indexes: folder.indexes) == expected)
    }
    #expect(try Data(contentsOf: URL(filePath: file)) == whole)
  }

  @Test func noBytesLeadADecoderAstray() throws {
    let folder = try TemporaryFolder()
    try ShardDatasetTests.write(to: folder)
    let scan = try ShardScan(folder: folder.path, file: "a.tar")
    var bytes: [UInt8] = []
    scan.encode(into: &bytes)
    func decoded(_ bytes: [UInt8]) -> ShardScan? {
      bytes.withUnsafeBytes { buffer in
        var cursor = ByteCursor(buffer)
        return try? ShardScan(from: &cursor)
      }
    }
    #expect(decoded(bytes) == scan)
    for position in bytes.indices {
      #expect(decoded(Array(bytes.prefix(position))) == nil)
      for change: UInt8 in [0x01, 0x80, 0xff] {
        var damaged = bytes
        damaged[position] ^= change
        guard let scan = decoded(damaged) else { continue }
        for sample in 0..<scan.count { _ = scan.names[sample] }
      }
    }
  }

  // MARK: Shards

  @Test func shardsAreTakenFromTheirIndex() throws {
    let folder = try TemporaryFolder()
    try ShardDatasetTests.write(to: folder)
    try folder.age(60)
    let first = try folder.open()
    #expect(indexFiles(folder).count == 1)
    // A header that is damaged behind the index's back is not read again.
    let path = folder.path + "/a.tar"
    try unnoticed(path) {
      let handle = try FileHandle(forUpdating: URL(filePath: path))
      try handle.write(contentsOf: [0xff])
      try handle.close()
    }
    let second = try folder.open()
    #expect(second.labels == first.labels && second.shards == first.shards && second.summary == first.summary)
    #expect(try ShardDatasetTests.contents(second) == (0..<5).map(ShardDatasetTests.bytes))

    // Another time, and it is.
    try folder.age(30, "a.tar")
    #expect(throws: DatasetError.self) { try folder.open() }
  }

  @Test func onlyChangedShardsAreReadAgain() throws {
    let folder = try TemporaryFolder()
    try ShardDatasetTests.write(to: folder)
    try folder.age(60)
    _ = try folder.open()
    try folder.writeShard("a.tar", [("new.jpg", [9]), ("new.cls", [48])])
    try folder.writeShard("c.tar", [("newer.jpg", [8]), ("newer.cls", [49])])
    let dataset = try folder.open()
    #expect(dataset.shards == [0..<1, 1..<3, 3..<4])
    #expect(dataset.labels == [0, 2, 0, 1])
    #expect(try ShardDatasetTests.contents(dataset) == [[9]] + [3, 4].map(ShardDatasetTests.bytes) + [[8]])
    try FileManager.default.removeItem(atPath: folder.path + "/b.tar")
    #expect(try folder.open().count == 2)
  }
}
