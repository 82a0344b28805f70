import AtomicFiles
import Foundation
import Views

/// Writes packed files.
struct PackedFileWriter {
  let options: PackingOptions
  let output: String

  /// Writes both splits into one file, which gets its name when it is whole.
  func write(
    _ train: any ImageDataset, _ test: (any ImageDataset)?, onProgress: (Int, Int) throws -> Void
  ) throws -> PackingReport {
    guard PackedFile.isPacked(output) else {
      throw PackingError(
        path: output, problem: .unsupported("the name of a packed file ends in \(PackedFile.ending)"))
    }
    var report = PackingReport()
    try AtomicFile.write(to: output) { file in
      try write(train, test, to: file, report: &report, onProgress: onProgress)
    } orThrow: { error in
      PackingError(path: output, problem: .unwritable(error.reason))
    }
    return report
  }

  private func write(
    _ train: any ImageDataset, _ test: (any ImageDataset)?, to file: FileOutput, report: inout PackingReport,
    onProgress: (Int, Int) throws -> Void
  ) throws {
    var layout = PackedLayout()
    let isLabeled = train.labels != nil && (test == nil || test?.labels != nil)
    var tables = PackedFile.Tables(labels: isLabeled ? [] : nil, classNames: train.classNames, names: NameTable())
    let page = [UInt8](repeating: 0, count: PackedLayout.pageSize)
    page.withUnsafeBytes { file.write($0) }
    let total = train.count + (test?.count ?? 0)
    var done = 0
    let preparation = ImagePreparation(shorterSide: options.resize, isSquare: options.resize != nil)

    for (dataset, count) in [(train, \PackedLayout.trainCount), (test, \PackedLayout.testCount)] {
      guard let dataset else { continue }
      let order = count == \.trainCount ? options.order(of: dataset) : Array(0..<dataset.count)
      let folder = Self.commonFolder(of: dataset)
      try ImageStream(order: order).forEach { index throws(ImageError) in
        try preparation(dataset.source(at: index))
      } body: { index, result in
        let name = dataset.name(at: index)
        switch result {
        case .success(let image):
          try fit(image, named: name, to: &layout)
          image.converted(toChannels: layout.channels).pixels.withUnsafeBytes { file.write($0) }
          layout[keyPath: count] += 1
          tables.names.append(name.hasPrefix(folder) ? String(name.dropFirst(folder.count)) : name)
          if isLabeled { tables.labels?.append(dataset.labels![index]) }
        case .failure(let error):
          report.skipped.append(SkippedImage(index: index, name: name, reason: error.reason))
        }
        done += 1
        try onProgress(done, total)
      }
    }
    guard layout.trainCount > 0 else { throw PackingError(path: output, problem: .nothingReadable) }
    (report.trainImages, report.testImages) = (layout.trainCount, layout.testCount)

    let bytes = tables.bytes
    layout.namedClasses = isLabeled ? (tables.classNames?.count ?? 0) : -1
    layout.tablesSize = bytes.count
    layout.tablesChecksum = Int(bytes.withUnsafeBytes { PackedLayout.checksum($0) })
    bytes.withUnsafeBytes { file.write($0) }
    layout.page.withUnsafeBytes { file.replace(at: 0, with: $0) }
  }

  /// The folder that the dataset's first and last images lie in, with its slash: their names are kept without it, since
  /// it means nothing elsewhere.
  private static func commonFolder(of dataset: any ImageDataset) -> String {
    guard dataset.count > 0 else { return "" }
    let common = dataset.name(at: 0).commonPrefix(with: dataset.name(at: dataset.count - 1))
    return common.lastIndex(of: "/").map { String(common[...$0]) } ?? ""
  }

  /// Takes the size of the first image, and makes sure that the others have it.
  private func fit(_ image: Image, named name: String, to layout: inout PackedLayout) throws(PackingError) {
    if layout.width == 0 {
      (layout.width, layout.height) = (image.width, image.height)
      layout.channels = options.channels ?? image.channels
    }
    guard image.width == layout.width, image.height == layout.height else {
      throw PackingError(
        path: name,
        problem: .otherSize(
          width: image.width, height: image.height, firstWidth: layout.width, firstHeight: layout.height))
    }
    guard image.isConvertible(toChannels: layout.channels) else {
      throw PackingError(
        path: name, problem: .otherChannels(image.channels, wanted: layout.channels))
    }
    guard image.channels != 3 || layout.channels == 3 || options.channels == 1 else {
      throw PackingError(path: name, problem: .colorAmongGray)
    }
  }
}
