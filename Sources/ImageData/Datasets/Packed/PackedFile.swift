import Views

/// A file of decoded images of one size, which opens at once and reads without decoding.
///
/// `PackedLayout` tells how it is laid out, `PackedFileWriter` writes it.
enum PackedFile {
  /// How the names of packed files end.
  static let ending = ".hvpack"

  /// Whether the name ends as a packed file's.
  static func isPacked(_ name: String) -> Bool { name.lowercased().hasSuffix(ending) }

  /// Opens one split; pixels are read when they are asked for.
  static func open(path: String, split: DataSplit) throws(DatasetError) -> PackedImages {
    let file = try MappedFile(path: path)
    let layout = try PackedLayout(of: file.bytes, path: path)
    let tables = UnsafeRawBufferPointer(rebasing: file.bytes[layout.tablesOffset..<layout.fileSize])
    guard PackedLayout.checksum(tables) == layout.tablesChecksum, let content = Tables(tables, layout) else {
      throw DatasetError(
        path: path, problem: .wrongContent(expected: "intact labels and names", found: "damaged ones"))
    }
    let range = split == .train ? 0..<layout.trainCount : layout.trainCount..<layout.count
    guard !range.isEmpty else {
      throw DatasetError(path: path, problem: .noSplit(split, lookedFor: ["images of that split in the file"]))
    }
    let labels = content.labels.map { Array($0[range]) }
    let classCount = content.classNames?.count ?? .max
    for (record, label) in (labels ?? []).enumerated() where label < 0 || label >= classCount {
      throw DatasetError(path: path, problem: .labelOutOfRange(label: label, record: record, classes: classCount))
    }
    return PackedImages(
      width: layout.width, height: layout.height, channels: layout.channels, pixels: file,
      start: PackedLayout.pageSize + range.lowerBound * layout.imageSize,
      names: .table(content.names, range, file: path), labels: labels, classNames: content.classNames,
      format: "packed", path: path)
  }

  /// What stands behind the pixels.
  struct Tables {
    var labels: [Int]?
    var classNames: [String]?
    var names: NameTable

    init(labels: [Int]?, classNames: [String]?, names: NameTable) {
      self.labels = labels
      self.classNames = classNames
      self.names = names
    }

    /// Reads the tables of a file; nil where they do not fit its layout.
    init?(_ bytes: UnsafeRawBufferPointer, _ layout: PackedLayout) {
      var cursor = ByteCursor(bytes)
      do throws(MalformedBytes) {
        if layout.namedClasses >= 0 {
          labels = try cursor.numbers(layout.count, of: Int32.self).map(Int.init)
          var classes: [String] = []
          for _ in 0..<layout.namedClasses { classes.append(try cursor.name()) }
          classNames = classes.isEmpty ? nil : classes
        }
        names = try NameTable(count: layout.count, from: &cursor)
        try cursor.expectEnd()
      } catch {
        return nil
      }
    }

    /// The tables as `init(_:_:)` reads them.
    var bytes: [UInt8] {
      var bytes: [UInt8] = []
      if let labels {
        bytes.append(numbers: labels.map(Int32.init))
        for name in classNames ?? [] { bytes.append(name: name) }
      }
      names.encode(into: &bytes)
      return bytes
    }
  }
}
