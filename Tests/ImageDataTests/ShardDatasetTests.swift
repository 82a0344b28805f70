import Foundation
import Testing

@testable import ImageData

@Suite struct ShardDatasetTests {
  /// Two shards of five samples in all, with what real shards hold besides images.
  static func write(to folder: TemporaryFolder, format: String = "gnu") throws {
    try folder.writeShard(
      "b.tar",
      [
        ("x/0.cls", Array("2\n".utf8)), ("x/0.jpg", bytes(3)), ("x/0.seg.png", bytes(9)),
        ("x/1.PNG", bytes(4)), ("x/1.cls", Array("0".utf8)),
      ], format: format)
    try folder.writeShard(
      "a.tar",
      [
        ("n0.1/cat.jpeg", bytes(0)), ("n0.1/cat.json", Array(#"{"label": 1, "caption": "a cat"}"#.utf8)),
        ("README", [1]), ("notes/a.txt", [2]), ("n0.1/.hidden.jpg", [3]),
        ("n0.1/dog.jpg", bytes(1)), ("n0.1/dog.cls", Array("0".utf8)),
        (String(repeating: "long", count: 60) + ".webp", bytes(2)),
        (String(repeating: "long", count: 60) + ".cls", Array("1".utf8)),
      ], format: format)
  }

  /// Bytes that tell the samples apart; one is longer than a block of the reader.
  static func bytes(_ number: Int) -> [UInt8] {
    Array(repeating: UInt8(number), count: [0: 9000, 1: 512][number] ?? 7)
  }

  static func contents(_ dataset: any ImageDataset) throws -> [[UInt8]] {
    let encoded = try #require(dataset as? any EncodedImages)
    return try (0..<dataset.count).map { try encoded.encodedImage(at: $0) }
  }

  @Test(arguments: ["gnu", "pax"]) func readsWhatTarPacks(format: String) throws {
    let folder = try TemporaryFolder()
    try Self.write(to: folder, format: format)
    let dataset = try folder.open()
    #expect(dataset.count == 5)
    #expect(dataset.labels == [1, 0, 1, 2, 0])
    #expect(dataset.shards == [0..<3, 3..<5])
    #expect(try Self.contents(dataset) == (0..<5).map(Self.bytes))
    #expect(dataset.name(at: 1) == "\(folder.path)/a.tar#n0.1/dog.jpg")
    #expect(dataset.summary == "5 images in 3 classes (2 tar shards, \(folder.path))")
    #expect(
      dataset.remarks == [
        "1 sample without an image left out.",
        "1 image left out beside the one that a sample is named after; data.key_at: last_dot makes each a sample.",
        "2 members of shards left out, hidden or without an ending.",
      ])
  }

  @Test func agreesWithPythonOnEveryPlace() throws {
    let folder = try TemporaryFolder()
    let script = """
      import io, json, sys, tarfile
      tar = tarfile.open(sys.argv[1], "w", format=getattr(tarfile, sys.argv[2]))
      for i in range(200):
          for ending, data in [("jpg", bytes([i]) * (i * 37 % 1500)), ("cls", b"%d" % (i % 7))]:
              info = tarfile.TarInfo(f"ä {'d' * (i % 140)}/{i:04d}.{ending}")
              info.size = len(data)
              info.mtime = i / 3
              tar.addfile(info, io.BytesIO(data))
      tar.close()
      members = tarfile.open(sys.argv[1]).getmembers()
      print(json.dumps([[m.name, m.offset_data, m.size] for m in members if m.name.endswith(".jpg")]))
      """
    for format in ["PAX_FORMAT", "GNU_FORMAT"] {
      let listing = try GNUTar.run(["python3", "-c", script, "\(folder.path)/\(format).tar", format])
      let scan = try ShardScan(folder: folder.path, file: "\(format).tar")
      let members = try JSONSerialization.jsonObject(with: Data(listing.utf8)) as? [[Any]] ?? []
      #expect(members.count == 200)
      #expect(scan.offsets == members.map { $0[1] as? Int })
      #expect(scan.sizes == members.map { $0[2] as? Int })
      #expect((0..<scan.count).map { scan.names[$0] } == members.map { $0[0] as? String })
      #expect(scan.labels == (0..<200).map { $0 % 7 })
    }
  }

  @Test func findsSplitsAndClassNames() throws {
    let folder = try TemporaryFolder()
    for split in ["train", "val"] {
      try folder.writeShard("\(split)/0.tar", [("\(split).jpg", [1]), ("\(split).cls", Array("1".utf8))])
    }
    try folder.write(Array("cat\r\ngrey  dog\n\n".utf8), to: "classes.txt")
    for (split, name) in [(DataSplit.train, "train"), (.test, "val")] {
      let dataset = try folder.open(split: split)
      #expect(dataset.name(at: 0) == "\(folder.path)/\(name)/0.tar#\(name).jpg")
      #expect(dataset.labels == [1] && dataset.classNames == ["cat", "grey  dog"])
    }
    let alone = try folder.open("val/0.tar")
    #expect(alone.count == 1 && alone.classNames == nil)
    #expect(throws: DatasetError.self) { try folder.open("val/0.tar", split: .test) }

    try folder.write(Array("cat\n".utf8), to: "classes.txt")
    #expect(throws: DatasetError(path: folder.path, problem: .labelOutOfRange(label: 1, record: 0, classes: 1))) {
      try folder.open()
    }
  }

  @Test func samplesWithoutAClassMakeItUnlabelled() throws {
    let folder = try TemporaryFolder()
    try folder.writeShard(
      "0.tar",
      [("a.jpg", [1]), ("a.cls", Array("3".utf8)), ("b.jpg", [2]), ("b.cls", Array("cat".utf8)), ("c.jpg", [])])
    let dataset = try folder.open()
    #expect(dataset.labels == nil)
    #expect(dataset.summary == "3 images without labels (1 tar shard, \(folder.path))")
    #expect(
      dataset.remarks == ["All images are used without labels: 2 of them have no number as their class."])
    let error = try #require(throws: ImageError.self) { try dataset.image(at: 2) }
    #expect(error.problem == .empty)
  }

  @Test func foldersOfImagesStayFolders() throws {
    let folder = try TemporaryFolder()
    try folder.writeShard("originals.tar", [("a.jpg", [1])])
    try folder.write([1], to: "a/1.jpg")
    #expect(try folder.open().summary.contains("(folder, "))
    #expect(
      throws: DatasetError(path: folder.path + "/a", problem: .missingFiles(["*.tar"], of: "a dataset of tar shards"))
    ) {
      try folder.open("a", format: .shards)
    }
  }

  // MARK: Keys

  private func problem(_ folder: TemporaryFolder, keyAt: ShardKey) -> DatasetError.Problem? {
    do throws(DatasetError) {
      _ = try Datasets.open(
        path: folder.path + "/0.tar", split: .train, options: DecodingOptions(shardKey: keyAt),
        indexes: folder.indexes)
      return nil
    } catch {
      #expect(error.path == folder.path + "/0.tar")
      return error.problem
    }
  }

  @Test func imagesThatShareAKeyAreRefused() throws {
    let folder = try TemporaryFolder()
    let names = (0..<8).map { "img.\($0).0.jpg" }
    try folder.writeShard("0.tar", names.enumerated().map { ($1, Self.bytes($0)) })
    #expect(problem(folder, keyAt: .firstDot) == .collidingMembers(names, key: "img"))
    // An index that was made one way says nothing about the other.
    try folder.age(60)
    for _ in 0..<2 {
      let options = DecodingOptions(shardKey: .lastDot)
      let dataset = try Datasets.open(path: folder.path, split: .train, options: options, indexes: folder.indexes)
      #expect(try Self.contents(dataset) == (0..<8).map(Self.bytes))
      #expect(problem(folder, keyAt: .firstDot) == .collidingMembers(names, key: "img"))
    }
  }

  @Test func oneNameTwiceIsRefused() throws {
    let folder = try TemporaryFolder()
    let script = """
      import io, sys, tarfile
      with tarfile.open(sys.argv[1], "w") as tar:
          for name in sys.argv[2:]:
              info = tarfile.TarInfo(name)
              info.size = 1
              tar.addfile(info, io.BytesIO(b"1"))
      """
    for keyAt in ShardKey.allCases {
      for (members, colliding) in [
        (["0001.jpg", "0001.jpg", "0001.jpg"], ["0001.jpg", "0001.jpg", "0001.jpg"]),
        (["a.jpg", "a.cls", "a.CLS"], ["a.cls", "a.CLS"]), (["x/a.jpg", "y/a.jpg", "x/a.jpg"], []),
        (["a.jpg", "a.png", "b.jpg"], []),
      ] {
        try GNUTar.run(["python3", "-c", script, "\(folder.path)/0.tar"] + members)
        let key = String(members[0].prefix { $0 != "." })
        #expect(
          problem(folder, keyAt: keyAt) == (colliding.isEmpty ? nil : .collidingMembers(colliding, key: key)),
          "\(members)")
      }
    }
  }

  @Test func theImageWithThePlainNameIsTheSamples() throws {
    let folder = try TemporaryFolder()
    let members = ["a.mask.png", "a.png", "a.cls", "b.seg.jpg", "b.cls"]
    try folder.writeShard("0.tar", members.enumerated().map { ($1, [UInt8($0)]) })
    #expect(try Self.contents(folder.open()) == [[1], [3]])
    let options = DecodingOptions(shardKey: .lastDot)
    let each = try Datasets.open(path: folder.path, split: .train, options: options, indexes: folder.indexes)
    #expect(try Self.contents(each) == [[0], [1], [3]])
  }

  // MARK: Damage

  /// Opens one shard whose bytes were changed.
  private func problem(
    _ folder: TemporaryFolder, _ change: (inout [UInt8]) -> Void
  ) throws -> DatasetError.Problem? {
    let members = (0..<4).map { (name: "\($0).jpg", bytes: [UInt8](repeating: 7, count: 1000)) }
    let path = try folder.writeShard("0.tar", members)
    var bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
    change(&bytes)
    try folder.write(bytes, to: "0.tar")
    do throws(DatasetError) {
      _ = try ShardDataset(path: path, split: .train, indexes: folder.indexes)
      return nil
    } catch {
      #expect(error.path == path)
      return error.problem
    }
  }

  /// Where the header of each member of 1000 bytes begins.
  private static let headers = [0, 1536, 3072, 4608]

  @Test func namesWhereAShardIsDamaged() throws {
    let folder = try TemporaryFolder()
    for (position, header) in Self.headers.enumerated().dropFirst() {
      let problem = try problem(folder) { $0[header + 1] ^= 1 }
      guard case .damagedShard(header, position, _) = problem else {
        Issue.record("\(String(describing: problem))")
        continue
      }
    }
    guard case .wrongContent = try problem(folder, { $0[1] ^= 1 }) else {
      Issue.record("a file that does not begin with a header is no tar file")
      return
    }
  }

  @Test func aZeroedHeaderIsNotTheEnd() throws {
    let folder = try TemporaryFolder()
    let problem = try problem(folder) { bytes in for byte in 3072..<3584 { bytes[byte] = 0 } }
    guard case .damagedShard(3072..<4608, 2, _) = problem else {
      Issue.record("\(String(describing: problem))")
      return
    }
  }

  @Test func refusesShardsThatAreCutShort() throws {
    let folder = try TemporaryFolder()
    for length in [4608 + 512 + 999, 4608 + 512, 4608 + 511, 4608 + 1] {
      let problem = try problem(folder) { $0.removeSubrange(length...) }
      guard case .damagedShard(4608, 3, _) = problem else {
        Issue.record("cut to \(length): \(String(describing: problem))")
        continue
      }
    }
    // Writers may leave out the zeros at the end.
    #expect(try problem(folder) { $0.removeSubrange((4608 + 512 + 1024)...) } == nil)
    #expect(try problem(folder) { $0 = [] } == .noImages(ignoredFiles: 0))
  }

  @Test func refusesWhatIsNoPlainTar() throws {
    let folder = try TemporaryFolder()
    let path = try folder.writeShard("0.tar", [("a.jpg", [1])])
    try IDXTests.gzip(path)
    try folder.write([UInt8](try Data(contentsOf: URL(filePath: path + ".gz"))), to: "0.tar")
    guard case .wrongContent = try #require(throws: DatasetError.self, performing: { try folder.open("0.tar") }).problem
    else {
      Issue.record("a gzipped tar file cannot be read in any order")
      return
    }
  }

  @Test func aShardThatChangesIsNoticed() throws {
    let folder = try TemporaryFolder()
    let path = try folder.writeShard("0.tar", [("a.jpg", [1]), ("b.jpg", [2])])
    let dataset = try folder.open()
    try folder.write(Array(repeating: 0, count: 100), to: "0.tar")
    let error = try #require(throws: ImageError.self) { try dataset.image(at: 1) }
    #expect(error.path == path + "#b.jpg")
    #expect(error.description.contains("changed after the dataset was opened"))
  }

  /// Every byte of a small shard's headers, changed in several ways; whatever is read is inside the file.
  @Test func noChangeOfAByteLeadsAstray() throws {
    let folder = try TemporaryFolder()
    let path = try folder.writeShard(
      "0.tar", [(String(repeating: "n", count: 120) + ".jpg", [1, 2, 3]), ("b.cls", [49]), ("b.jpg", [4])],
      format: "pax")
    let whole = [UInt8](try Data(contentsOf: URL(filePath: path)))
    let expected = try ShardScan(folder: folder.path, file: "0.tar")
    #expect(expected.count == 2)
    var refused = 0
    let handle = try FileHandle(forUpdating: URL(filePath: path))
    for position in 0..<whole.count - 1024 {
      for change: UInt8 in [0x01, 0x80, 0xff] {
        try handle.seek(toOffset: UInt64(position))
        try handle.write(contentsOf: [whole[position] ^ change])
        do throws(DatasetError) {
          let scan = try ShardScan(folder: folder.path, file: "0.tar")
          for (offset, size) in zip(scan.offsets, scan.sizes) {
            #expect(offset >= 0 && size >= 0 && offset + size <= whole.count)
          }
        } catch {
          refused += 1
          #expect(error.path == path)
        }
      }
      try handle.seek(toOffset: UInt64(position))
      try handle.write(contentsOf: [whole[position]])
    }
    #expect(refused > 1000)
    #expect(try ShardScan(folder: folder.path, file: "0.tar").offsets == expected.offsets)
  }
}
