import CZlib

/// How a packed file begins: a page that tells what follows it and where.
///
/// All numbers are little-endian. The page holds the magic bytes, the version, the fields below in their order, and a
/// checksum of all that; zeros fill it up. From its end on come the pixels, `[train images, then test
/// images][height][width][channels]`, one byte a value, and behind them the tables: the labels (4 bytes an image), the
/// names of the classes, and where each image's name ends (8 bytes an image) with all the names behind one another.
struct PackedLayout: Equatable {
  var width = 0
  var height = 0
  /// 1 (gray) or 3 (RGB).
  var channels = 0
  var trainCount = 0
  var testCount = 0
  /// How many classes are named; −1 where the images have no labels.
  var namedClasses = -1
  /// Bytes of the tables.
  var tablesSize = 0
  /// CRC-32 of the tables.
  var tablesChecksum = 0

  /// Packed files begin so; the first byte is no text, and the last is damaged by whatever rewrites line ends.
  static let magic: [UInt8] = [0x89] + Array("HVPACK".utf8) + [0x0A]
  /// The version that is written and read.
  static let version: UInt32 = 1
  /// Bytes before the pixels.
  static let pageSize = 4096

  private static let fields: [any WritableKeyPath<PackedLayout, Int> & Sendable] = [
    \.width, \.height, \.channels, \.trainCount, \.testCount, \.namedClasses, \.tablesSize, \.tablesChecksum,
  ]

  /// How many images there are in both splits.
  var count: Int { trainCount + testCount }
  /// Bytes of one image.
  var imageSize: Int { width * height * channels }
  /// Where the tables begin.
  var tablesOffset: Int { Self.pageSize + count * imageSize }
  /// Bytes of the whole file.
  var fileSize: Int { tablesOffset + tablesSize }

  /// The first page.
  var page: [UInt8] {
    var bytes = Self.magic
    bytes.append(number: Self.version)
    bytes.append(numbers: Self.fields.map { self[keyPath: $0] })
    bytes.append(number: bytes.withUnsafeBytes { Self.checksum($0) })
    return bytes + [UInt8](repeating: 0, count: Self.pageSize - bytes.count)
  }

  /// Creates the layout of a file without images.
  init() {}

  /// Reads the first page of the file at `path` and makes sure that the file has the size that it announces.
  init(of bytes: UnsafeRawBufferPointer, path: String) throws(DatasetError) {
    func problem(_ problem: DatasetError.Problem) -> DatasetError { DatasetError(path: path, problem: problem) }
    guard bytes.starts(with: Self.magic) else {
      throw problem(
        .wrongContent(
          expected: "a packed file, which begins with the bytes \(Self.magic.hexadecimal)",
          found: bytes.isEmpty ? "no bytes" : bytes.prefix(Self.magic.count).hexadecimal))
    }
    guard bytes.count >= Self.pageSize else {
      throw problem(.truncated(expected: Self.pageSize, found: bytes.count))
    }
    let contradiction = problem(
      .wrongContent(expected: "an intact header", found: "one that contradicts itself"))
    guard let (version, isWhole) = read(bytes) else { throw contradiction }
    guard version == Self.version || !isWhole else {
      throw problem(
        .unsupported(
          "it is of version \(version) of the packed format, and this program reads version \(Self.version); pack the "
            + "images again with this program"))
    }
    guard isWhole, isPlausible else { throw contradiction }
    guard bytes.count >= fileSize else { throw problem(.truncated(expected: fileSize, found: bytes.count)) }
    guard bytes.count == fileSize else { throw problem(.trailingBytes(expected: fileSize)) }
  }

  /// Takes the fields from a page; the version, and whether the checksum is right.
  private mutating func read(_ bytes: UnsafeRawBufferPointer) -> (version: UInt32, isWhole: Bool)? {
    var cursor = ByteCursor(bytes)
    do throws(MalformedBytes) {
      _ = try cursor.take(Self.magic.count)
      let version = try cursor.number(UInt32.self)
      let values = try cursor.numbers(Self.fields.count, of: Int.self)
      let end = Self.magic.count + 4 + 8 * Self.fields.count
      for (field, value) in zip(Self.fields, values) { self[keyPath: field] = value }
      let checksum = Self.checksum(UnsafeRawBufferPointer(rebasing: bytes[..<end]))
      return (version, try cursor.number(UInt32.self) == checksum)
    } catch {
      return nil
    }
  }

  /// Whether the numbers can be those of a file that was written, so that no sum of them overflows.
  private var isPlausible: Bool {
    let sides = 1...1 << 20
    guard sides.contains(width), sides.contains(height), (1...1024).contains(channels), trainCount >= 0,
      testCount >= 0, namedClasses >= -1, tablesSize >= 0, tablesSize < 1 << 48, trainCount < 1 << 48,
      testCount < 1 << 48, count > 0
    else { return false }
    let (pixels, overflow) = imageSize.multipliedReportingOverflow(by: count)
    return !overflow && pixels < 1 << 60
  }

  /// CRC-32.
  static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    UInt32(truncatingIfNeeded: crc32_z(0, bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count))
  }
}
