import Safetensors
import TestSupport
import Views

/// The integer tensors of a fixture, as rows and images.
struct ReferenceFixture {
  struct Tensor {
    let shape: [Int]
    /// The values in row-major order.
    let integers: [Int]

    /// The rows of a matrix.
    var rows: [[Int]] {
      (0..<shape[0]).map { Array(integers[($0 * shape[1])..<(($0 + 1) * shape[1])]) }
    }

    /// The image of a height × width × channels tensor.
    var image: Image {
      Image(width: shape[1], height: shape[0], channels: shape[2], pixels: integers.map { UInt8($0) })
    }
  }

  private let tensors: [String: Tensor]

  /// Reads a fixture.
  init(named name: String) throws {
    let file = try SafetensorsFile(path: Fixtures.path(name))
    tensors = try Dictionary(
      uniqueKeysWithValues: file.names.map {
        ($0, Tensor(shape: try file.shape(of: $0), integers: try file.integers($0)))
      })
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
