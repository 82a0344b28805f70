import Foundation

/// The IDX format of MNIST and its relatives: a big-endian header, then unsigned bytes.
enum IDXFile {
  private static let imagesMagic: [UInt8] = [0, 0, 8, 3]
  private static let labelsMagic: [UInt8] = [0, 0, 8, 1]

  /// Opens a folder with the usual four files, or one images file with the labels beside it.
  static func open(path: String, split: DataSplit) throws(DatasetError) -> PackedImages {
    let images =
      try FileKind(path: path) == .folder
      ? imagesFile(inFolder: path, split: split) : imagesFile(besides: path, split: split)
    return try read(images: images, labels: labelsFile(for: images))
  }

  /// Whether the folder holds images files of either split.
  static func isRecognized(folder: String) -> Bool {
    DataSplit.allCases.contains { split in existing(in: folder, names: names(of: split)) != nil }
  }

  /// Whether the file begins as an IDX images file does.
  static func isRecognized(file: String) -> Bool {
    guard var reader = try? ByteReader(path: file) else { return false }
    return (try? reader.read(4)) == imagesMagic
  }

  // MARK: Finding the files

  private static func names(of split: DataSplit) -> [String] {
    let stem = split == .train ? "train" : "t10k"
    return ["-idx3-ubyte", ".idx3-ubyte"].flatMap { ending in
      ["", ".gz"].map { "\(stem)-images\(ending)\($0)" }
    }
  }

  private static func existing(in folder: String, names: [String]) -> String? {
    names.map { "\(folder)/\($0)" }.first(where: FileKind.isFile)
  }

  private static func imagesFile(inFolder folder: String, split: DataSplit) throws(DatasetError) -> String {
    guard let file = existing(in: folder, names: names(of: split)) else {
      throw DatasetError(path: folder, problem: .noSplit(split, lookedFor: names(of: split)))
    }
    return file
  }

  /// The training images are the file that was named; the test images are that file too where its name says so,
  /// else the file whose name has `t10k` or `test` in place of `train`.
  private static func imagesFile(besides file: String, split: DataSplit) throws(DatasetError) -> String {
    let url = URL(fileURLWithPath: file)
    let name = url.lastPathComponent
    if split == .train || (!name.contains("train") && (name.contains("t10k") || name.contains("test"))) {
      return file
    }
    let folder = url.deletingLastPathComponent().path
    let candidates =
      name.contains("train")
      ? ["t10k", "test"].map { name.replacingOccurrences(of: "train", with: $0) } : ["t10k-images-idx3-ubyte"]
    guard let found = existing(in: folder, names: candidates) else {
      throw DatasetError(path: file, problem: .noSplit(split, lookedFor: candidates))
    }
    return found
  }

  /// The labels beside an images file: the same name with `labels` for `images` and `idx1` for `idx3`.
  private static func labelsFile(for images: String) -> String? {
    let url = URL(fileURLWithPath: images)
    let name = url.lastPathComponent.replacingOccurrences(of: "images", with: "labels")
      .replacingOccurrences(of: "idx3", with: "idx1")
    guard name != url.lastPathComponent else { return nil }
    let bare = name.hasSuffix(".gz") ? String(name.dropLast(3)) : name
    return existing(in: url.deletingLastPathComponent().path, names: [name, bare, bare + ".gz"])
  }

  // MARK: Reading them

  private static func read(images: String, labels: String?) throws(DatasetError) -> PackedImages {
    var reader = try ByteReader(path: images)
    let sizes = try header(of: &reader, magic: imagesMagic, called: "an IDX file of 8-bit images")
    guard sizes[0] > 0, sizes[1] > 0, sizes[2] > 0 else {
      throw DatasetError(path: images, problem: .noImages(ignoredFiles: 0))
    }
    let (area, wide) = sizes[1].multipliedReportingOverflow(by: sizes[2])
    let (total, huge) = area.multipliedReportingOverflow(by: sizes[0])
    guard !wide, !huge else {
      throw DatasetError(
        path: images,
        problem: .wrongContent(expected: "a plausible header", found: "\(sizes[0]) images of \(sizes[2])x\(sizes[1])"))
    }
    let pixels = try reader.read(total)
    try reader.expectEnd()

    let classes = try labels.map { path throws(DatasetError) in try readLabels(path) }
    if let classes, classes.count != sizes[0] {
      throw DatasetError(
        path: images,
        problem: .countMismatch(images: sizes[0], labels: classes.count, labelsPath: labels ?? ""))
    }
    return PackedImages(
      width: sizes[2], height: sizes[1], channels: 1, pixels: pixels,
      names: .places([(URL(fileURLWithPath: images).lastPathComponent, sizes[0])]),
      labels: classes, classNames: nil, format: "IDX", path: images)
  }

  private static func readLabels(_ path: String) throws(DatasetError) -> [Int] {
    var reader = try ByteReader(path: path)
    let sizes = try header(of: &reader, magic: labelsMagic, called: "an IDX file of 8-bit labels")
    let labels = try reader.read(sizes[0])
    try reader.expectEnd()
    return labels.map(Int.init)
  }

  /// The sizes of the dimensions, whose number is the last byte of the magic number.
  private static func header(
    of reader: inout ByteReader, magic: [UInt8], called kind: String
  ) throws(DatasetError) -> [Int] {
    let found = try reader.read(4)
    guard found == magic else {
      throw DatasetError(
        path: reader.path,
        problem: .wrongContent(
          expected: "\(kind), which begins with the bytes \(magic.hexadecimal)", found: found.hexadecimal))
    }
    let bytes = try reader.read(4 * Int(magic[3]))
    return stride(from: 0, to: bytes.count, by: 4).map { start in
      bytes[start..<start + 4].reduce(0) { $0 << 8 | Int($1) }
    }
  }
}
