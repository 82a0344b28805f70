import AtomicFiles
import Foundation
import ImageData
import RunRecords
import Safetensors

/// How a table of features lies on disk, after the ending of its name.
public enum FeatureFormat: String, Sendable, CaseIterable {
  /// Tensors `features`, `indices`, `names` and, where images have classes, `labels`.
  case safetensors
  /// NumPy's array of features, with names and classes in a CSV file beside it.
  case npy
  /// A line for each image: name, class where there is one, features.
  case csv
  /// Columns `index`, `name`, `label` where images have classes, and `features`, a list of floats.
  case parquet

  /// Whether an image may have many rows of features.
  var holdsPatches: Bool { self == .safetensors || self == .npy }

  /// The format of a file of that name.
  /// - Throws: `EmbeddingError` where its ending is none of the known ones.
  public init(path: String) throws(EmbeddingError) {
    guard let format = FeatureFormat(rawValue: (path as NSString).pathExtension.lowercased()) else {
      throw EmbeddingError(path: path, problem: .unknownEnding)
    }
    self = format
  }
}

/// Writes parts of a table, one after the other, as one file.
struct FeatureTable {
  /// The parts, each with `features` and `indices`.
  let parts: [SafetensorsFile]
  /// The sides of the features of one image.
  let rowShape: [Int]
  let dataset: any ImageDataset
  let metadata: [String: String]

  private var indices: [Int] {
    get throws(SafetensorsError) {
      var indices: [Int] = []
      for part in parts { indices += try part.integers("indices") }
      return indices
    }
  }

  func write(as format: FeatureFormat, to path: String) throws {
    switch format {
    case .safetensors: try writeSafetensors(to: path)
    case .npy: try writeArray(to: path)
    case .csv: try writeLines(to: path, features: true)
    case .parquet: try writeColumns(to: path)
    }
  }

  private func writeSafetensors(to path: String) throws {
    let indices = try indices
    let names = try JSONEncoder().encode(indices.map { dataset.name(at: $0) })
    var tensors = [
      SafetensorsTensor(name: "features", type: .float32, shape: [indices.count] + rowShape) { body in
        for part in parts { _ = try? part.withBytes(of: "features", body) }
      },
      .integers("indices", indices),
      SafetensorsTensor(name: "names", type: .uint8, shape: [names.count]) { body in names.withUnsafeBytes(body) },
    ]
    if let labels = dataset.labels { tensors.append(.integers("labels", indices.map { labels[$0] })) }
    try Safetensors.write(tensors, metadata: metadata, isChecksummed: true, to: path)
  }

  /// NumPy's format, version 1.0 (numpy.lib.format).
  private func writeArray(to path: String) throws {
    let shape = ([try indices.count] + rowShape).map { "\($0), " }.joined()
    var header = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(shape)), }"
    // The data begin at a multiple of 64 bytes.
    header += String(repeating: " ", count: 63 - (10 + header.utf8.count) % 64) + "\n"
    let length = UInt16(header.utf8.count).littleEndian
    let version: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0]
    let beginning = Data(version) + withUnsafeBytes(of: length) { Data($0) } + Data(header.utf8)
    // The names first: where the array is, all is there.
    try writeLines(to: Self.namesPath(besides: path), features: false)
    try write(to: path) { output throws(SafetensorsError) in
      beginning.withUnsafeBytes { output.write($0) }
      for part in parts { try part.floats("features").withUnsafeBytes { output.write($0) } }
    }
  }

  /// The file with the names of an array's rows.
  static func namesPath(besides path: String) -> String { (path as NSString).deletingPathExtension + ".names.csv" }

  private func writeLines(to path: String, features: Bool) throws {
    let labels = dataset.labels
    let width = rowShape.reduce(1, *)
    let head = ["index", "name"] + (labels == nil ? [] : ["label"]) + (features ? (0..<width).map { "f\($0)" } : [])
    try write(to: path) { output throws(SafetensorsError) in
      func write(_ fields: [String]) {
        var line = CSV.line(fields)
        line.withUTF8 { output.write(UnsafeRawBufferPointer($0)) }
      }
      write(head)
      for part in parts {
        let indices = try part.integers("indices")
        let values = features ? try part.floats("features") : []
        for (row, index) in indices.enumerated() {
          write(
            ["\(index)", dataset.name(at: index)] + (labels.map { ["\($0[index])"] } ?? [])
              + (features ? values[row * width..<(row + 1) * width].map { "\($0)" } : []))
        }
      }
    }
  }

  private func writeColumns(to path: String) throws {
    let labels = dataset.labels
    try write(to: path) { output throws(SafetensorsError) in
      var file = ParquetFile(output, width: rowShape.reduce(1, *), isLabelled: labels != nil)
      for part in parts {
        let indices = try part.integers("indices")
        file.append(
          indices: indices, names: indices.map { dataset.name(at: $0) },
          labels: labels.map { labels in indices.map { labels[$0] } }, features: try part.floats("features"))
      }
      file.finish(metadata: metadata)
    }
  }

  private func write(
    to path: String, _ body: (FileOutput) throws(SafetensorsError) -> Void
  ) throws(SafetensorsError) {
    try AtomicFile.write(to: path, body) { SafetensorsError(path: path, problem: .file($0)) }
  }
}

extension SafetensorsTensor {
  /// Whole numbers in 64 bits.
  static func integers(_ name: String, _ values: [Int]) -> SafetensorsTensor {
    SafetensorsTensor(name: name, type: .int64, shape: [values.count]) { body in values.withUnsafeBytes(body) }
  }
}
