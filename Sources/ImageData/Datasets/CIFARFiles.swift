import Foundation

/// The binary versions of CIFAR-10 and CIFAR-100: records of label bytes and a planar 32x32 RGB image.
struct CIFARFiles {
  /// The format's name, in messages.
  let title: String
  /// The folder that the published archive unpacks to.
  let archiveFolder: String
  /// The folder of the version for Python, which is not read.
  let pythonFolder: String
  let trainFiles: [String]
  let testFile: String
  /// The class names, one a line; not required.
  let namesFile: String
  /// Bytes before the pixels; the last of them is the label that counts.
  let labelBytes: Int
  let classes: Int

  static let cifar10 = CIFARFiles(
    title: "CIFAR-10 (binary version)", archiveFolder: "cifar-10-batches-bin", pythonFolder: "cifar-10-batches-py",
    trainFiles: (1...5).map { "data_batch_\($0).bin" }, testFile: "test_batch.bin",
    namesFile: "batches.meta.txt", labelBytes: 1, classes: 10)
  static let cifar100 = CIFARFiles(
    title: "CIFAR-100 (binary version)", archiveFolder: "cifar-100-binary", pythonFolder: "cifar-100-python",
    trainFiles: ["train.bin"], testFile: "test.bin",
    namesFile: "fine_label_names.txt", labelBytes: 2, classes: 100)

  private static let side = 32
  private var planeSize: Int { Self.side * Self.side }
  private var recordSize: Int { labelBytes + 3 * planeSize }

  /// Whether the folder, or the archive's folder in it, holds a file of this format.
  func isRecognized(folder: String) -> Bool {
    let folder = resolved(folder)
    return (trainFiles + [testFile]).contains { FileKind.isFile("\(folder)/\($0)") }
  }

  /// Whether the folder holds the version for Python instead.
  func isPythonVersion(folder: String) -> Bool {
    let name = URL(fileURLWithPath: folder).lastPathComponent
    return name == pythonFolder || FileKind.isFolder("\(folder)/\(pythonFolder)")
  }

  /// Reads all files of the split into memory.
  func open(path: String, split: DataSplit) throws(DatasetError) -> PackedImages {
    guard try FileKind(path: path) == .folder else {
      throw DatasetError(path: path, problem: .wrongKind(expected: "a folder with the files of \(title)"))
    }
    let folder = resolved(path)
    let files = split == .train ? trainFiles : [testFile]
    let missing = files.filter { !FileKind.isFile("\(folder)/\($0)") }
    if !missing.isEmpty {
      if isPythonVersion(folder: path) { throw pythonVersionError(path) }
      throw DatasetError(
        path: folder,
        problem: missing.count == files.count
          ? .noSplit(split, lookedFor: files) : .missingFiles(missing, of: title))
    }

    var pixels: [UInt8] = []
    var labels: [Int] = []
    var places: [(file: String, count: Int)] = []
    for file in files {
      let before = labels.count
      try append(file: "\(folder)/\(file)", to: &pixels, labels: &labels)
      places.append((file, labels.count - before))
    }
    return PackedImages(
      width: Self.side, height: Self.side, channels: 3, pixels: pixels, names: .places(places), labels: labels,
      classNames: classNames(in: folder), format: title, path: folder)
  }

  /// The error for the version that keeps its images in Python's pickles.
  func pythonVersionError(_ path: String) -> DatasetError {
    DatasetError(
      path: path,
      problem: .unsupported(
        "it is the Python version of the dataset, whose pickles are not read; fetch the binary version, "
          + "which unpacks to '\(archiveFolder)'"))
  }

  private func resolved(_ folder: String) -> String {
    let inner = "\(folder)/\(archiveFolder)"
    return FileKind.isFolder(inner) ? inner : folder
  }

  private func append(file: String, to pixels: inout [UInt8], labels: inout [Int]) throws(DatasetError) {
    var reader = try ByteReader(path: file)
    let bytes = try reader.readToEnd()
    let (records, rest) = bytes.count.quotientAndRemainder(dividingBy: recordSize)
    guard !bytes.isEmpty else { throw DatasetError(path: file, problem: .noImages(ignoredFiles: 0)) }
    guard rest == 0 else {
      throw DatasetError(
        path: file,
        problem: .wrongContent(
          expected: "a whole number of records of \(recordSize) bytes", found: "\(bytes.count) bytes"))
    }
    pixels.reserveCapacity(pixels.count + records * 3 * planeSize)
    for record in 0..<records {
      let start = record * recordSize
      let label = Int(bytes[start + labelBytes - 1])
      guard label < classes else {
        throw DatasetError(
          path: file, problem: .labelOutOfRange(label: label, record: record, classes: classes))
      }
      labels.append(label)
      let red = start + labelBytes
      for pixel in red..<red + planeSize {
        pixels.append(bytes[pixel])
        pixels.append(bytes[pixel + planeSize])
        pixels.append(bytes[pixel + 2 * planeSize])
      }
    }
  }

  private func classNames(in folder: String) -> [String]? {
    guard let text = try? String(contentsOfFile: "\(folder)/\(namesFile)", encoding: .utf8) else { return nil }
    let names = text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
      .filter { !$0.isEmpty }
    return names.count == classes ? names : nil
  }
}
