import AtomicFiles

/// An Apache Parquet file of features being written: plain, uncompressed, a group of rows after the other.
///
/// The columns are `index`, `name`, `label` where there are classes, and `features`, a list of floats. After the format's
/// specification (parquet-format 2.11): one data page (version 1) a column and group, metadata in Thrift's compact
/// protocol at the end.
struct ParquetFile {
  /// A column of the schema: its physical type and the path of its values.
  private struct Column {
    var type: Int
    var path: [String]
  }

  /// Where a column of a group lies.
  private struct Chunk {
    var column: Column
    var offset: Int
    var byteCount: Int
    var valueCount: Int
  }

  private let output: FileOutput
  private let width: Int
  private let isLabelled: Bool
  private var offset = 0
  private var groups: [(chunks: [Chunk], rows: Int)] = []

  /// Begins a file of rows of `width` features.
  init(_ output: FileOutput, width: Int, isLabelled: Bool) {
    self.output = output
    self.width = width
    self.isLabelled = isLabelled
    write(Self.magic)
  }

  private static let magic = Array("PAR1".utf8)
  private static let (int64, float, byteArray) = (2, 4, 6)

  private mutating func write(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { output.write($0) }
    offset += bytes.count
  }

  // MARK: - Rows

  /// Appends a group of rows; `labels` are nil where there are no classes.
  mutating func append(indices: [Int], names: [String], labels: [Int]?, features: [Float]) {
    guard !indices.isEmpty else { return }
    var chunks = [
      page(Column(type: Self.int64, path: ["index"]), Self.bytes(of: indices), count: indices.count),
      page(
        Column(type: Self.byteArray, path: ["name"]),
        names.flatMap { Self.bytes(of: [UInt32($0.utf8.count)]) + Array($0.utf8) }, count: names.count),
    ]
    if let labels {
      chunks.append(page(Column(type: Self.int64, path: ["label"]), Self.bytes(of: labels), count: labels.count))
    }
    // Each row begins a list (level 0) that goes on (level 1); every place of it is there (level 1).
    var rows: [UInt8] = []
    for _ in indices { rows += Self.run(of: 0, count: 1) + Self.run(of: 1, count: width - 1) }
    let levels = [rows, Self.run(of: 1, count: features.count)].flatMap { Self.bytes(of: [UInt32($0.count)]) + $0 }
    chunks.append(
      page(
        Column(type: Self.float, path: ["features", "list", "element"]), levels + Self.bytes(of: features),
        count: features.count))
    groups.append((chunks, indices.count))
  }

  private static func bytes(of values: [some BitwiseCopyable]) -> [UInt8] { values.withUnsafeBytes { Array($0) } }

  /// A level that repeats, as the hybrid of run lengths and bit-packed values has it.
  private static func run(of level: UInt8, count: Int) -> [UInt8] {
    count == 0 ? [] : CompactStruct.varint(UInt64(count) << 1) + [level]
  }

  private mutating func page(_ column: Column, _ values: [UInt8], count: Int) -> Chunk {
    let (plain, runLengths) = (0, 3)
    var data = CompactStruct()
    for (field, number) in [(1, count), (2, plain), (3, runLengths), (4, runLengths)] { data.set(field, int32: number) }
    var header = CompactStruct()
    for (field, number) in [(1, 0), (2, values.count), (3, values.count)] { header.set(field, int32: number) }
    header.set(5, data)
    let bytes = header.bytes + values
    let chunk = Chunk(column: column, offset: offset, byteCount: bytes.count, valueCount: count)
    write(bytes)
    return chunk
  }

  // MARK: - The end

  /// Writes the schema and the places of all columns.
  mutating func finish(metadata: [String: String]) {
    var file = CompactStruct()
    file.set(1, int32: 1)
    file.set(2, schema)
    file.set(3, int64: groups.map(\.rows).reduce(0, +))
    file.set(
      4,
      groups.map { chunks, rows in
        var group = CompactStruct()
        group.set(1, chunks.map(Self.described))
        group.set(2, int64: chunks.map(\.byteCount).reduce(0, +))
        group.set(3, int64: rows)
        return group
      })
    file.set(
      5,
      metadata.sorted { $0.key < $1.key }.map { key, value in
        var pair = CompactStruct()
        pair.set(1, text: key)
        pair.set(2, text: value)
        return pair
      })
    file.set(6, text: "HardViews")
    let footer = file.bytes
    write(footer + Self.bytes(of: [UInt32(footer.count)]) + Self.magic)
  }

  private static func described(_ chunk: Chunk) -> CompactStruct {
    var metadata = CompactStruct()
    metadata.set(1, int32: chunk.column.type)
    metadata.set(2, int32s: [0, 3])
    metadata.set(3, texts: chunk.column.path)
    metadata.set(4, int32: 0)
    metadata.set(5, int64: chunk.valueCount)
    metadata.set(6, int64: chunk.byteCount)
    metadata.set(7, int64: chunk.byteCount)
    metadata.set(9, int64: chunk.offset)
    var column = CompactStruct()
    column.set(2, int64: chunk.offset)
    column.set(3, metadata)
    return column
  }

  private var schema: [CompactStruct] {
    /// One element; groups have children and no type, text and lists a converted type.
    func element(
      _ name: String, type: Int? = nil, repeats: Bool = false, children: Int? = nil, converted: Int? = nil,
      isRoot: Bool = false
    ) -> CompactStruct {
      var element = CompactStruct()
      if let type { element.set(1, int32: type) }
      if !isRoot { element.set(3, int32: repeats ? 2 : 0) }
      element.set(4, text: name)
      if let children { element.set(5, int32: children) }
      if let converted { element.set(6, int32: converted) }
      return element
    }
    let (utf8, list) = (0, 3)
    return [
      element("schema", children: isLabelled ? 4 : 3, isRoot: true), element("index", type: Self.int64),
      element("name", type: Self.byteArray, converted: utf8),
    ] + (isLabelled ? [element("label", type: Self.int64)] : []) + [
      element("features", children: 1, converted: list), element("list", repeats: true, children: 1),
      element("element", type: Self.float),
    ]
  }
}

/// A struct of Thrift's compact protocol; fields are set in rising order.
private struct CompactStruct {
  private var content: [UInt8] = []
  private var lastField = 0

  /// The fields and the stop that ends them.
  var bytes: [UInt8] { content + [0] }

  /// Seven bits a byte, the lowest first.
  static func varint(_ value: UInt64) -> [UInt8] {
    var (bytes, rest): ([UInt8], UInt64) = ([], value)
    while rest >= 0x80 {
      bytes.append(UInt8(rest & 0x7F) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }

  /// Numbers from 0, whose sign is in the lowest bit.
  private static func number(_ value: Int) -> [UInt8] { varint(UInt64(value) << 1) }

  private static func text(_ value: String) -> [UInt8] { varint(UInt64(value.utf8.count)) + Array(value.utf8) }

  private static func list(_ elements: [[UInt8]], type: UInt8) -> [UInt8] {
    let head =
      elements.count < 15 ? [UInt8(elements.count) << 4 | type] : [0xF0 | type] + varint(UInt64(elements.count))
    return head + elements.joined()
  }

  private mutating func set(_ field: Int, type: UInt8, _ value: [UInt8]) {
    content.append(UInt8(field - lastField) << 4 | type)
    content += value
    lastField = field
  }

  mutating func set(_ field: Int, int32 value: Int) { set(field, type: 5, Self.number(value)) }
  mutating func set(_ field: Int, int64 value: Int) { set(field, type: 6, Self.number(value)) }
  mutating func set(_ field: Int, text value: String) { set(field, type: 8, Self.text(value)) }
  mutating func set(_ field: Int, _ value: CompactStruct) { set(field, type: 12, value.bytes) }
  mutating func set(_ field: Int, _ values: [CompactStruct]) {
    set(field, type: 9, Self.list(values.map(\.bytes), type: 12))
  }
  mutating func set(_ field: Int, int32s values: [Int]) {
    set(field, type: 9, Self.list(values.map(Self.number), type: 5))
  }
  mutating func set(_ field: Int, texts values: [String]) {
    set(field, type: 9, Self.list(values.map(Self.text), type: 8))
  }
}
