/// A tensor's entry in the header of a safetensors file.
public struct TensorEntry: Sendable, Equatable {
  /// The tensor's name.
  public let name: String
  /// The type of its elements.
  public let type: ScalarType
  /// Its sides, outermost first; empty for a scalar.
  public let shape: [Int]
  /// Where its bytes lie, counted from the end of the header; elements in row-major order, little-endian.
  public let bytes: Range<Int>
}
