import Foundation
import Views

/// Tensors of a safetensors file: an 8-byte header length, a JSON header, raw little-endian values.
struct ReferenceFixture {
  struct Tensor {
    let shape: [Int]
    let type: String
    let bytes: Data

    /// The values of an integer tensor.
    var integers: [Int] {
      switch type {
      case "U8": bytes.map(Int.init)
      case "I16": values(of: Int16.self)
      case "I32": values(of: Int32.self)
      case "I64": values(of: Int64.self)
      default: fatalError("The fixture holds a tensor of type \(type), which is not read as integers.")
      }
    }

    /// The rows of a matrix of integers.
    var rows: [[Int]] {
      let all = integers
      return (0..<shape[0]).map { Array(all[($0 * shape[1])..<(($0 + 1) * shape[1])]) }
    }

    /// The image of a height × width × channels tensor.
    var image: Image {
      Image(width: shape[1], height: shape[0], channels: shape[2], pixels: [UInt8](bytes))
    }

    private func values<Value: FixedWidthInteger>(of type: Value.Type) -> [Int] {
      let size = MemoryLayout<Value>.size
      return bytes.withUnsafeBytes { raw in
        (0..<(raw.count / size)).map {
          Int(Value(littleEndian: raw.loadUnaligned(fromByteOffset: $0 * size, as: Value.self)))
        }
      }
    }
  }

  let tensors: [String: Tensor]

  /// Reads a file of the fixtures folder, or of the folder in `HARDVIEWS_FIXTURES` when it has that file.
  init(named name: String) throws {
    let committed = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Fixtures/\(name)")
    let other = ProcessInfo.processInfo.environment["HARDVIEWS_FIXTURES"].map {
      URL(filePath: $0).appending(path: name)
    }
    let file = other.flatMap { FileManager.default.fileExists(atPath: $0.path) ? $0 : nil } ?? committed
    let data = try Data(contentsOf: file)
    let headerCount = data.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    let header = try JSONSerialization.jsonObject(with: data.dropFirst(8).prefix(headerCount)) as? [String: Any] ?? [:]
    let body = Data(data.dropFirst(8 + headerCount))
    tensors = header.compactMapValues { entry in
      guard let entry = entry as? [String: Any], let type = entry["dtype"] as? String,
        let shape = entry["shape"] as? [Int], let offsets = entry["data_offsets"] as? [Int]
      else { return nil }
      return Tensor(shape: shape, type: type, bytes: Data(body[offsets[0]..<offsets[1]]))
    }
  }

  subscript(name: String) -> Tensor {
    guard let tensor = tensors[name] else { fatalError("The fixture has no tensor named \(name).") }
    return tensor
  }

  /// The tensors whose names start with `prefix`, and what follows it, in the order of their names.
  func cases(of prefix: String) -> [(rest: String, tensor: Tensor)] {
    tensors.filter { $0.key.hasPrefix(prefix) }.sorted { $0.key < $1.key }
      .map { (String($0.key.dropFirst(prefix.count)), $0.value) }
  }
}

/// Largest and mean absolute difference of two images' values.
func difference(_ image: Image, _ reference: Image) -> (largest: Int, mean: Double) {
  precondition(image.pixels.count == reference.pixels.count, "Images of different sizes cannot be compared.")
  let differences = zip(image.pixels, reference.pixels).map { abs(Int($0) - Int($1)) }
  return (differences.max() ?? 0, Double(differences.reduce(0, +)) / Double(max(1, differences.count)))
}
