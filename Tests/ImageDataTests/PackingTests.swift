import Foundation
import Testing
import Views

@testable import ImageData

/// Images packed into other containers give the views that they gave before.
@Suite struct PackingTests {
  /// PNGs of one size in two classes, and a test split.
  private func folder(broken: Bool = false) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for (split, count) in [("train", 12), ("val", 4)] {
      for index in 0..<count {
        let name = "\(split)/\(index % 2 == 0 ? "cats" : "dogs")/\(index).png"
        try folder.write(
          try ImageEncoder.encode(image(index + (split == "val" ? 100 : 0)), as: .png, quality: 0, name: name), to: name
        )
      }
    }
    if broken { try folder.write([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 1, 2], to: "train/dogs/broken.png") }
    return folder
  }

  private func image(_ number: Int) -> Image {
    Image(
      width: 20, height: 14, channels: 3,
      pixels: (0..<20 * 14 * 3).map { UInt8(truncatingIfNeeded: $0 &* (7 + number) ^ $0 >> 3 &+ number) })
  }

  private func pack(
    _ source: TemporaryFolder, to name: String, _ change: (inout PackingOptions) -> Void = { _ in }
  ) throws -> PackingReport {
    var options = PackingOptions()
    change(&options)
    return try Packing.pack(
      train: source.open(split: .train), test: source.open(split: .test), to: "\(source.path)/\(name)",
      options: options)
  }

  /// All views of an epoch by the images they are of, so that the order does not count.
  private func views(of dataset: any ImageDataset) throws -> [Int: [[UInt32]]] {
    let loader = ViewLoader(
      dataset: dataset, groups: [DrawnViews(ViewRecipe(size: 9), count: 2)],
      configuration: LoaderConfiguration(batchSize: 5, threads: 2, dropsLast: false, seed: 4), skipped: SkippedImages())
    loader.startEpoch(3)
    var views: [Int: [[UInt32]]] = [:]
    while let batch = try loader.next() {
      let pixels = Array(batch.groups[0].pixels.bytes().bindMemory(to: UInt32.self))
      for (slot, index) in batch.indices.enumerated() {
        views[index] = (0..<2).map { view in
          let start = (view * batch.indices.count + slot) * 243
          return Array(pixels[start..<start + 243])
        }
      }
    }
    return views
  }

  @Test func allContainersGiveTheSameViews() throws {
    let source = try folder()
    let report = try pack(source, to: "shards") { $0.imagesPerShard = 5 }
    #expect(report == PackingReport(trainImages: 12, testImages: 4))
    #expect(try pack(source, to: "all.hvpack") { $0.container = .packed } == report)
    #expect(try FileManager.default.contentsOfDirectory(atPath: source.path + "/shards/train").count == 3)

    for name in ["shards", "all.hvpack"] {
      for split in DataSplit.allCases {
        let (expected, packed) = (try source.open(split: split), try source.open(name, split: split))
        #expect(packed.count == expected.count)
        #expect(packed.labels == expected.labels && packed.classNames == expected.classNames)
        for index in 0..<packed.count { #expect(try packed.image(at: index) == expected.image(at: index)) }
        #expect(try views(of: packed) == views(of: expected))
      }
    }
    #expect(try source.open("all.hvpack").name(at: 3).hasSuffix("all.hvpack#cats/4.png"))
  }

  @Test(arguments: [("shards", PackingOptions.Container.shards), ("all.hvpack", .packed)])
  func shufflingMixesTheTrainingImagesOnly(name: String, container: PackingOptions.Container) throws {
    let source = try folder()
    _ = try pack(source, to: name) {
      $0.container = container
      $0.shuffles = true
    }
    let (packed, expected) = (try source.open(name), try source.open())
    let places = try (0..<12).map { index in
      let image = try packed.image(at: index)
      return try #require(try (0..<12).first { try expected.image(at: $0) == image })
    }
    #expect(places.sorted() == Array(0..<12) && places != Array(0..<12))
    #expect(packed.labels == places.map { expected.labels![$0] })
    let tests = (try source.open(name, split: .test), try source.open(split: .test))
    #expect(tests.0.labels == tests.1.labels)
    for index in 0..<4 { #expect(try tests.0.image(at: index) == tests.1.image(at: index)) }
  }

  /// What was never a file is packed without loss.
  @Test func imagesInMemoryBecomePNGs() throws {
    let source = try TemporaryFolder()
    let stub = StubDataset(count: 9, labels: Array(0..<9), broken: [2])
    let report = try Packing.pack(train: stub, test: nil, to: source.path + "/shards", options: PackingOptions())
    #expect(report.trainImages == 8 && report.testImages == 0 && report.skipped.map(\.index) == [2])
    let shards = try source.open("shards")
    #expect(shards.labels == [0, 1, 3, 4, 5, 6, 7, 8])
    #expect(try shards.image(at: 2) == stub.image(at: 3))
  }

  @Test(arguments: ImageEncoding.allCases) func resizedImagesAreWhatTheRendererMakes(encoding: ImageEncoding) throws {
    let source = try folder()
    _ = try pack(source, to: "small") {
      $0.resize = 7
      $0.encoding = encoding
    }
    let small = try source.open("small")
    let original = try source.open().image(at: 5)
    var scratch = RenderScratch()
    let whole = CropBox(top: 0, left: 0, height: 14, width: 20)
    let expected = PixelPlanes(
      original, Resampling(whole, height: 7, width: 10, interpolation: .bicubic), channelCount: 3, scratch: &scratch
    ).image
    let packed = try small.image(at: 5)
    #expect(packed.width == 10 && packed.height == 7)
    #expect(small.name(at: 5).hasSuffix(encoding == .png ? ".png" : ".jpg"))
    let differences = zip(packed.pixels, expected.pixels).map { abs(Int($0) - Int($1)) }
    // The image is noise, of which JPEG keeps the brightness and half the resolution of the colors.
    let mean = Double(differences.reduce(0, +)) / Double(differences.count)
    #expect(encoding == .png ? mean == 0 : mean < 60)
  }

  /// Every reader of tar files finds the very bytes of the folder's files.
  @Test func shardsHoldTheFilesUntouched() throws {
    let source = try folder()
    _ = try pack(source, to: "shards") { $0.imagesPerShard = 5 }
    let original = try source.open()
    let encoded = try #require(original as? any EncodedImages)
    let target = try source.makeFolder("unpacked")
    for shard in ["000000", "000001", "000002"] {
      try GNUTar.run(["tar", "--extract", "--file", "\(source.path)/shards/train/\(shard).tar", "--directory", target])
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: target).count == 2 * 12)
    for index in 0..<12 {
      let key = target + "/" + String(format: "%09d", index)
      #expect([UInt8](try Data(contentsOf: URL(filePath: key + ".png"))) == (try encoded.encodedImage(at: index)))
      #expect(try String(contentsOfFile: key + ".cls", encoding: .utf8) == "\(original.labels![index])")
    }
  }

  /// An image of one row would get millions of columns.
  @Test func shardsKeepImagesThatAreSmallAlready() throws {
    let source = try TemporaryFolder()
    let thin = Image(width: 30_000, height: 1, channels: 1, pixels: Array(repeating: 9, count: 30_000))
    try source.write(try ImageEncoder.encode(thin, as: .png, quality: 0, name: ""), to: "photos/a.png")
    try source.write(try ImageEncoder.encode(image(1), as: .png, quality: 0, name: ""), to: "photos/b.png")
    var options = PackingOptions()
    options.resize = 14
    let photos = try source.open("photos")
    _ = try Packing.pack(train: photos, test: nil, to: source.path + "/shards", options: options)
    let shards = try source.open("shards")
    for index in 0..<2 { #expect(try shards.image(at: index) == photos.image(at: index)) }
    let stub = StubDataset(count: 3)
    _ = try Packing.pack(train: stub, test: nil, to: source.path + "/stubs", options: options)
    #expect(try source.open("stubs").image(at: 1) == stub.image(at: 1))
    (options.container, options.channels) = (.packed, 1)
    _ = try Packing.pack(train: photos, test: nil, to: source.path + "/a.hvpack", options: options)
    #expect(try source.open("a.hvpack").image(at: 0).pixels == Array(repeating: 9, count: 14 * 14))
  }

  @Test func whatMayBeSomebodysIsNotRemoved() throws {
    let source = try folder()
    try source.write([1], to: "shards.partial/000000.tar")
    let error = try #require(throws: PackingError.self) { try pack(source, to: "shards") }
    #expect(error == PackingError(path: source.path + "/shards.partial", problem: .exists))
    #expect(FileManager.default.fileExists(atPath: source.path + "/shards.partial/000000.tar"))
  }

  @Test(arguments: PackingOptions.Container.allCases)
  func stoppingLeavesNothing(container: PackingOptions.Container) throws {
    struct Stop: Error {}
    let source = try folder()
    var options = PackingOptions()
    options.container = container
    #expect(throws: Stop.self) {
      try Packing.pack(train: source.open(), test: nil, to: source.path + "/a.hvpack", options: options) { done, _ in
        if done == 3 { throw Stop() }
      }
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: source.path).sorted() == ["train", "val"])
  }

  @Test func whatACodecRefusesIsAnError() throws {
    let wide = Image(width: 70_000, height: 1, channels: 1, pixels: [UInt8](repeating: 1, count: 70_000))
    let error = try #require(throws: ImageError.self) {
      try ImageEncoder.encode(wide, as: .jpeg, quality: 90, name: "wide")
    }
    #expect(error.description.contains("cannot be encoded as JPEG") && error.description.contains("70000x1"))
    let png = try ImageEncoder.encode(wide, as: .png, quality: 0, name: "wide")
    #expect(try ImageDecoder.decode(png, name: "wide") == wide)
  }

  @Test func packedFilesHoldMiddleSquares() throws {
    let source = try folder()
    _ = try pack(source, to: "square.hvpack") {
      $0.container = .packed
      $0.resize = 14
    }
    let packed = try source.open("square.hvpack").image(at: 2)
    let original = try source.open().image(at: 2)
    #expect(packed.width == 14 && packed.height == 14)
    for row in 0..<14 {
      #expect(packed.pixels[row * 42..<row * 42 + 42] == original.pixels[(row * 20 + 3) * 3..<(row * 20 + 17) * 3])
    }
  }

  @Test func brokenImagesAreLeftOutAndNamed() throws {
    let source = try folder(broken: true)
    for (name, container) in [("shards", PackingOptions.Container.shards), ("all.hvpack", .packed)] {
      let report = try pack(source, to: name) { $0.container = container }
      #expect(report.trainImages == 12)
      #expect(report.skipped.map(\.name) == [source.path + "/train/dogs/broken.png"])
      #expect(try source.open(name).count == 12)
    }
  }

  @Test func mistakesAreNamedAndLeaveNothing() throws {
    let source = try folder()
    try source.write([1], to: "there.hvpack")
    let other = try ImageEncoder.encode(
      Image(width: 3, height: 3, channels: 1, pixels: Array(0..<9)), as: .png, quality: 0, name: "")
    try source.write(other, to: "train/cats/0.png")
    func problem(_ name: String, _ change: (inout PackingOptions) -> Void) throws -> PackingError.Problem {
      try #require(throws: PackingError.self) { try pack(source, to: name, change) }.problem
    }
    #expect(try problem("there.hvpack") { $0.container = .packed } == .exists)
    #expect(
      try problem("new.hvpack") { $0.container = .packed }
        == .otherSize(width: 20, height: 14, firstWidth: 3, firstHeight: 3))
    #expect(
      try problem("new.hvpack") {
        $0.container = .packed
        $0.resize = 3
      } == .colorAmongGray)
    if case .unsupported = try problem("new.bin", { $0.container = .packed }) {} else { Issue.record("ending") }
    if case .unwritable = try problem("no/such/new.hvpack", { $0.container = .packed }) {} else { Issue.record("path") }
    let left = try FileManager.default.contentsOfDirectory(atPath: source.path).sorted()
    #expect(left == ["there.hvpack", "train", "val"])
    _ = try pack(source, to: "new.hvpack") {
      $0.container = .packed
      $0.resize = 3
      $0.channels = 3
    }
  }

  @Test func foreignAndCutFilesAreRefused() throws {
    let source = try folder()
    _ = try pack(source, to: "all.hvpack") { $0.container = .packed }
    let whole = [UInt8](try Data(contentsOf: URL(filePath: source.path + "/all.hvpack")))
    func problem(_ bytes: [UInt8]) throws -> DatasetError.Problem {
      try source.write(bytes, to: "other.hvpack")
      return try #require(throws: DatasetError.self) { _ = try source.open("other.hvpack") }.problem
    }
    #expect(try problem(Array(whole.dropLast())) == .truncated(expected: whole.count, found: whole.count - 1))
    #expect(try problem(whole + [0]) == .trailingBytes(expected: whole.count))
    for count in [0, 1, 8, 50, 4095, 4096, 5000] {
      _ = try problem(Array(whole.prefix(count)))
    }
    guard case .wrongContent = try problem(Array("a text, not a packed file".utf8)) else {
      Issue.record("foreign")
      return
    }
    // Every byte of the header and of the tables counts; pixels are not read on opening.
    let tables = 4096 + 16 * 20 * 14 * 3
    let other = source.path + "/other.hvpack"
    try source.write(whole, to: "other.hvpack")
    let handle = try FileHandle(forUpdating: URL(filePath: other))
    for position in Array(0..<80) + Array(tables..<whole.count) {
      try handle.seek(toOffset: UInt64(position))
      try handle.write(contentsOf: [whole[position] ^ 0x41])
      #expect(throws: DatasetError.self, "byte \(position)") { try PackedFile.open(path: other, split: .train) }
      try handle.seek(toOffset: UInt64(position))
      try handle.write(contentsOf: [whole[position]])
    }
    #expect(try PackedFile.open(path: other, split: .train).count == 12)
  }
}
