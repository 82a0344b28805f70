/// The type of a tensor's elements.
public enum DType: Int32, Sendable, CaseIterable {
  case uint8 = 0
  case int8 = 1
  case int16 = 2
  case int32 = 3
  case int64 = 4
  case float16 = 5
  case float32 = 6
  case float64 = 7
  case bool = 11
  case bfloat16 = 15
}

/// A Swift type that tensors can be made of and read into.
public protocol TensorScalar: Sendable {
  /// The element type of a tensor of such values.
  static var dtype: DType { get }
}

extension Float: TensorScalar {
  /// 32-bit floating point.
  public static let dtype = DType.float32
}
extension Double: TensorScalar {
  /// 64-bit floating point.
  public static let dtype = DType.float64
}
extension Int: TensorScalar {
  /// 64-bit integers, which is also the type of indices.
  public static let dtype = DType.int64
}
extension Int32: TensorScalar {
  /// 32-bit integers.
  public static let dtype = DType.int32
}
extension UInt8: TensorScalar {
  /// Bytes.
  public static let dtype = DType.uint8
}
