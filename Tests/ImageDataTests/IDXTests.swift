import Foundation
import Testing
import Views

@testable import ImageData

@Suite struct IDXTests {
  /// Three 2x3 images (3 wide) with the values 0..., and their header.
  static let images: [UInt8] = header(3, [3, 2, 3]) + Array(0..<18)
  static let labels: [UInt8] = header(1, [3]) + [7, 0, 9]

  static func header(_ dimensions: UInt8, _ sizes: [Int]) -> [UInt8] {
    [0, 0, 8, dimensions] + sizes.flatMap(bigEndian)
  }

  static func write(_ bytes: [UInt8], to name: String, in folder: TemporaryFolder, zipped: Bool) throws {
    let file = try folder.write(bytes, to: name)
    if zipped { try gzip(file) }
  }

  static func gzip(_ file: String) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["gzip", "-n", file]
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
  }

  @Test(arguments: [false, true]) func readsAFolder(zipped: Bool) throws {
    let folder = try TemporaryFolder()
    for split in ["train", "t10k"] {
      try Self.write(Self.images, to: "\(split)-images-idx3-ubyte", in: folder, zipped: zipped)
      try Self.write(Self.labels, to: "\(split)-labels-idx1-ubyte", in: folder, zipped: zipped)
    }
    for split in DataSplit.allCases {
      let dataset = try Datasets.open(path: folder.path + "/", split: split)
      #expect(dataset.count == 3)
      #expect(dataset.labels == [7, 0, 9])
      #expect(
        try dataset.image(at: 1)
          == Image(width: 3, height: 2, channels: 1, pixels: [6, 7, 8, 9, 10, 11]))
      let file = (split == .train ? "train" : "t10k") + "-images-idx3-ubyte" + (zipped ? ".gz" : "")
      #expect(dataset.name(at: 2) == file + "#2")
      #expect(dataset.summary.hasPrefix("3 gray images of 3x2 in 3 classes (IDX, "))
    }
  }

  @Test func readsOneFile() throws {
    let folder = try TemporaryFolder()
    let train = try folder.write(Self.images, to: "my-train-images")
    let alone = try Datasets.open(path: train, split: .train)
    #expect(alone.labels == nil && alone.count == 3 && alone.summary.contains("without labels"))
    try folder.write(Self.labels, to: "my-train-labels")
    #expect(try Datasets.open(path: train, split: .train).labels == [7, 0, 9])

    let error = try #require(throws: DatasetError.self) { _ = try Datasets.open(path: train, split: .test) }
    #expect(error.problem == .noSplit(.test, lookedFor: ["my-t10k-images", "my-test-images"]))
    try folder.write(Self.images, to: "my-test-images")
    #expect(try Datasets.open(path: train, split: .test).name(at: 0) == "my-test-images#0")
  }

  static let malformed: [(String, [UInt8], DatasetError.Problem)] = [
    (
      "images", header(1, []) + images.dropFirst(4),
      .wrongContent(
        expected: "an IDX file of 8-bit images, which begins with the bytes 00 00 08 03", found: "00 00 08 01")
    ),
    ("images", images.dropLast(4), .truncated(expected: 34, found: 30)),
    ("images", Array(images.prefix(9)), .truncated(expected: 16, found: 9)),
    ("images", [], .truncated(expected: 4, found: 0)),
    ("images", images + [0], .trailingBytes(expected: 34)),
    ("images", header(3, [0, 2, 3]), .noImages(ignoredFiles: 0)),
    (
      "images", header(3, [-1, -1, -1]),
      .wrongContent(expected: "a plausible header", found: "4294967295 images of 4294967295x4294967295")
    ),
    ("images", header(3, [1 << 20, 1 << 20, 4]), .truncated(expected: 16 + (1 << 42), found: 16)),
    ("labels", labels.dropLast(), .truncated(expected: 11, found: 10)),
    ("labels", labels + [1], .trailingBytes(expected: 11)),
    (
      "labels", header(3, []) + labels.dropFirst(4),
      .wrongContent(
        expected: "an IDX file of 8-bit labels, which begins with the bytes 00 00 08 01", found: "00 00 08 03")
    ),
  ]

  @Test(arguments: malformed.indices) func refusesMalformedFiles(row: Int) throws {
    let (kind, bytes, problem) = Self.malformed[row]
    let folder = try TemporaryFolder()
    let names = ["images": "train-images-idx3-ubyte", "labels": "train-labels-idx1-ubyte"]
    try folder.write(Self.images, to: names["images"]!)
    try folder.write(Self.labels, to: names["labels"]!)
    let file = try folder.write(bytes, to: names[kind]!)
    let error = try #require(throws: DatasetError.self) { _ = try Datasets.open(path: folder.path, split: .train) }
    #expect(error == DatasetError(path: file, problem: problem))
    #expect(error.description.contains(file))
  }

  @Test func refusesOtherCountsOfLabels() throws {
    let folder = try TemporaryFolder()
    let images = try folder.write(Self.images, to: "train-images-idx3-ubyte")
    let labels = try folder.write(Self.header(1, [2]) + [1, 2], to: "train-labels-idx1-ubyte")
    #expect(
      throws: DatasetError(path: images, problem: .countMismatch(images: 3, labels: 2, labelsPath: labels))
    ) { _ = try Datasets.open(path: folder.path, split: .train) }
  }

  @Test func refusesDamagedGzip() throws {
    let folder = try TemporaryFolder()
    let plain = try folder.write(Self.images, to: "train-images-idx3-ubyte")
    try Self.gzip(plain)
    let zipped = plain + ".gz"
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: zipped)))
    var wrongSum = bytes
    wrongSum[bytes.count - 6] ^= 1
    for broken in [Array(bytes.dropLast(12)), bytes.dropLast(3), Array(bytes.prefix(14)), wrongSum] {
      try folder.write(broken, to: "train-images-idx3-ubyte.gz")
      let error = try #require(throws: DatasetError.self) { _ = try Datasets.open(path: folder.path, split: .train) }
      guard error.path == zipped, case .unreadable = error.problem else {
        Issue.record("\(error)")
        continue
      }
    }
  }

  @Test func namesTheSplitThatIsMissing() throws {
    let folder = try TemporaryFolder()
    try folder.write(Self.images, to: "train-images-idx3-ubyte")
    let error = try #require(throws: DatasetError.self) { _ = try Datasets.open(path: folder.path, split: .test) }
    #expect(error.description.contains("no test split") && error.description.contains("'t10k-images-idx3-ubyte.gz'"))
  }
}
