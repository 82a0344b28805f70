import Foundation
import Testing
import Views

@testable import ImageData

@Suite struct CIFARTests {
  /// A record whose planes count up from three different values.
  static func record(labels: [UInt8], start: Int) -> [UInt8] {
    labels + (0..<3).flatMap { plane in (0..<1024).map { UInt8(truncatingIfNeeded: $0 + start + 50 * plane) } }
  }

  static func writeCIFAR10(in folder: TemporaryFolder, under prefix: String = "") throws {
    for batch in 1...5 {
      let records = (0..<batch).flatMap { record(labels: [UInt8($0)], start: batch) }
      try folder.write(records, to: "\(prefix)data_batch_\(batch).bin")
    }
    try folder.write(record(labels: [9], start: 77), to: "\(prefix)test_batch.bin")
  }

  @Test(arguments: ["", "cifar-10-batches-bin/"]) func readsCIFAR10(prefix: String) throws {
    let folder = try TemporaryFolder()
    try Self.writeCIFAR10(in: folder, under: prefix)
    let train = try Datasets.open(path: folder.path, split: .train)
    #expect(train.count == 15)
    #expect(train.labels == [0, 0, 1, 0, 1, 2, 0, 1, 2, 3, 0, 1, 2, 3, 4])
    #expect(train.classNames == nil)
    #expect(train.name(at: 0) == "data_batch_1.bin#0")
    #expect(train.name(at: 14) == "data_batch_5.bin#4")

    let image = try train.image(at: 14)
    #expect(image.shape == [32, 32, 3])
    #expect(Array(image.pixels[..<6]) == [5, 55, 105, 6, 56, 106])
    #expect(Array(image.pixels[(3 * 1023)...]) == [1028, 1078, 1128].map { UInt8(truncatingIfNeeded: $0) })

    let test = try Datasets.open(path: folder.path, format: .cifar10, split: .test)
    #expect(test.labels == [9] && test.count == 1)
  }

  @Test func readsClassNames() throws {
    let folder = try TemporaryFolder()
    try Self.writeCIFAR10(in: folder)
    let names = (0..<10).map { "class \($0)" }
    try folder.write(Array((names.joined(separator: "\n") + "\n\n").utf8), to: "batches.meta.txt")
    #expect(try Datasets.open(path: folder.path, split: .test).classNames == names)
  }

  @Test(arguments: ["", "cifar-100-binary/"]) func readsFineLabelsOfCIFAR100(prefix: String) throws {
    let folder = try TemporaryFolder()
    try folder.write(
      Self.record(labels: [3, 99], start: 1) + Self.record(labels: [19, 0], start: 2), to: prefix + "train.bin")
    try folder.write(Self.record(labels: [0, 42], start: 9), to: prefix + "test.bin")
    let train = try Datasets.open(path: folder.path, split: .train)
    #expect(train.labels == [99, 0])
    #expect(Array(try train.image(at: 1).pixels[..<3]) == [2, 52, 102])
    #expect(try Datasets.open(path: folder.path, split: .test).labels == [42])
  }

  @Test func refusesDamagedFiles() throws {
    let folder = try TemporaryFolder()
    try Self.writeCIFAR10(in: folder)
    func problem(after bytes: [UInt8]) throws -> DatasetError.Problem {
      let file = try folder.write(bytes, to: "data_batch_3.bin")
      let error = try #require(throws: DatasetError.self) { _ = try Datasets.open(path: folder.path, split: .train) }
      #expect(error.path == file && error.description.contains(file))
      return error.problem
    }
    #expect(
      try problem(after: Array(Self.record(labels: [1], start: 0).dropLast()))
        == .wrongContent(expected: "a whole number of records of 3073 bytes", found: "3072 bytes"))
    #expect(
      try problem(after: Self.record(labels: [1], start: 0) + Self.record(labels: [10], start: 0))
        == .labelOutOfRange(label: 10, record: 1, classes: 10))
    #expect(try problem(after: []) == .noImages(ignoredFiles: 0))
  }

  @Test func namesTheFilesThatAreMissing() throws {
    let folder = try TemporaryFolder()
    try Self.writeCIFAR10(in: folder)
    for name in ["data_batch_4.bin", "test_batch.bin"] {
      try FileManager.default.removeItem(atPath: folder.path + "/" + name)
    }
    #expect(
      throws: DatasetError(
        path: folder.path, problem: .missingFiles(["data_batch_4.bin"], of: "CIFAR-10 (binary version)"))
    ) { _ = try Datasets.open(path: folder.path, split: .train) }
    #expect(
      throws: DatasetError(path: folder.path, problem: .noSplit(.test, lookedFor: ["test_batch.bin"]))
    ) { _ = try Datasets.open(path: folder.path, split: .test) }
  }

  @Test func explainsThePythonVersion() throws {
    let folder = try TemporaryFolder()
    try folder.write([0x80], to: "cifar-10-batches-py/data_batch_1")
    for format in [DatasetFormat.automatic, .cifar10] {
      let error = try #require(throws: DatasetError.self) {
        _ = try Datasets.open(path: folder.path, format: format, split: .train)
      }
      #expect(error.description.contains("binary version"))
    }
  }
}
