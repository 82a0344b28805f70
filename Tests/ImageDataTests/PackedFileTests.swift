import Foundation
import Testing
import Views

@testable import ImageData

@Suite struct PackedFileTests {
  private static func picture(_ number: Int) -> Image {
    Image(width: 5, height: 4, channels: 1, pixels: (0..<20).map { UInt8($0 * $0 / 7 + number) })
  }

  private static func png(_ number: Int) throws -> [UInt8] {
    try ImageEncoder.encode(picture(number), as: .png, quality: 1, name: "")
  }

  /// A packed file of five small gray images in two classes, three to train on and two to test on.
  private static func write(to folder: TemporaryFolder) throws -> String {
    for (split, numbers) in [("train", [0, 1, 2]), ("val", [100, 101])] {
      for number in numbers {
        try folder.write(png(number), to: "photos/\(split)/\(number % 2 == 0 ? "even" : "odd")/\(number).png")
      }
    }
    return try pack(folder, test: folder.open("photos", split: .test))
  }

  private static func pack(_ folder: TemporaryFolder, test: (any ImageDataset)?) throws -> String {
    var options = PackingOptions()
    options.container = .packed
    let output = folder.path + "/a.hvpack"
    _ = try Packing.pack(train: folder.open("photos"), test: test, to: output, options: options)
    return output
  }

  private func problem(_ bytes: [UInt8], _ folder: TemporaryFolder) throws -> DatasetError.Problem? {
    let path = try folder.write(bytes, to: "changed.hvpack")
    do throws(DatasetError) {
      _ = try PackedFile.open(path: path, split: .train)
      return nil
    } catch {
      #expect(error.path == path)
      return error.problem
    }
  }

  @Test func holdsWhatWasPacked() throws {
    let folder = try TemporaryFolder()
    let path = try Self.write(to: folder)
    for (split, count) in [(DataSplit.train, 3), (.test, 2)] {
      let dataset = try folder.open("a.hvpack", split: split)
      #expect(dataset.count == count && dataset.shards == nil)
      #expect(dataset.summary == "\(count) gray images of 5x4 in 2 classes (packed, \(path))")
      #expect(dataset.labels == (split == .train ? [0, 0, 1] : [0, 1]))
      let numbers = split == .train ? [0, 2, 1] : [100, 101]
      for (index, number) in numbers.enumerated() {
        #expect(
          try dataset.image(at: index) == Self.picture(number))
      }
    }
  }

  @Test func pixelsLieWhereTheHeaderSays() throws {
    let folder = try TemporaryFolder()
    let path = try Self.write(to: folder)
    // The layout as documented, read by other hands.
    let script = """
      import struct, sys, zlib
      data = open(sys.argv[1], "rb").read()
      magic, version, *fields, check = struct.unpack("<8sI8qI", data[:80])
      assert magic == b"\\x89HVPACK\\n" and version == 1 and check == zlib.crc32(data[:76]), (magic, version)
      width, height, channels, train, test, classes, size, tables = fields
      assert len(data) == 4096 + (train + test) * width * height * channels + size
      assert zlib.crc32(data[len(data) - size:]) == tables
      print(fields[:6], data[4096:4099].hex(), struct.unpack("<5i", data[4096 + 100:4096 + 120]))
      """
    let pixels = Self.picture(0).pixels.prefix(3)
    let hexadecimal = pixels.hexadecimal.replacingOccurrences(of: " ", with: "")
    #expect(
      try GNUTar.run(["python3", "-c", script, path]) == "[5, 4, 1, 3, 2, 2] \(hexadecimal) (0, 0, 1, 0, 1)\n")
  }

  @Test func givesTheRowsThatAreNeeded() throws {
    let folder = try TemporaryFolder()
    _ = try Self.write(to: folder)
    let source = try folder.open("a.hvpack").source(at: 1)
    let whole = try source.wholeImage()
    for (top, height) in [(0, 4), (1, 2), (3, 1), (-2, 3), (3, 9), (7, 2)] {
      let part = try source.pixels(PixelNeed(box: CropBox(top: top, left: 1, height: height, width: 2), reduction: 2))
      let rows = part.top..<part.top + part.image.height
      #expect(part.left == 0 && part.reduction == 1 && part.image.width == 5 && part.sourceHeight == 4)
      #expect(part.image.pixels == Array(whole.pixels[rows.lowerBound * 5..<rows.upperBound * 5]))
      #expect(rows.lowerBound <= max(0, min(3, top)) && rows.upperBound >= min(4, top + height))
    }
  }

  @Test func aFileWithoutTestImagesHasNoTestSplit() throws {
    let folder = try TemporaryFolder()
    try folder.write(Self.png(1), to: "photos/a.png")
    _ = try Self.pack(folder, test: nil)
    #expect(try folder.open("a.hvpack").labels == nil)
    let error = try #require(throws: DatasetError.self) { try folder.open("a.hvpack", split: .test) }
    guard case .noSplit(.test, _) = error.problem else {
      Issue.record("\(error)")
      return
    }
  }

  /// Headers whose checksums are right and whose numbers are not, as somebody might forge them.
  @Test func forgedHeadersAreNoticed() throws {
    let folder = try TemporaryFolder()
    let whole = [UInt8](try Data(contentsOf: URL(filePath: Self.write(to: folder))))
    let layout = try whole.withUnsafeBytes { try PackedLayout(of: $0, path: "") }
    let fields: [WritableKeyPath<PackedLayout, Int>] = [
      \.width, \.height, \.channels, \.trainCount, \.testCount, \.namedClasses, \.tablesSize,
    ]
    for field in fields {
      for value in [Int.min, -2, 0, 1, 1 << 20, 1 << 31, 1 << 47, 1 << 62, Int.max]
      where value != layout[keyPath: field] {
        var forged = layout
        forged[keyPath: field] = value
        let bytes = forged.page + whole.dropFirst(PackedLayout.pageSize)
        #expect(try problem(bytes, folder) != nil, "\(field) = \(value)")
      }
    }
    // The tables of another number of images, in a file of the right size.
    var forged = layout
    (forged.trainCount, forged.height) = (layout.trainCount - 1, layout.height)
    forged.tablesSize += layout.imageSize
    let tables = Array(whole.dropFirst(forged.tablesOffset))
    forged.tablesChecksum = Int(tables.withUnsafeBytes { PackedLayout.checksum($0) })
    guard case .wrongContent = try problem(forged.page + whole.dropFirst(PackedLayout.pageSize), folder) else {
      Issue.record("tables that do not fit must be noticed")
      return
    }
  }
}
