/// The type of a tensor's elements; the raw value is the format's name for it.
public enum ScalarType: String, Sendable, CaseIterable {
  /// One byte, 0 or 1.
  case bool = "BOOL"
  /// Unsigned 8-bit integers.
  case uint8 = "U8"
  /// Signed 8-bit integers.
  case int8 = "I8"
  /// Signed 16-bit integers.
  case int16 = "I16"
  /// Signed 32-bit integers.
  case int32 = "I32"
  /// Signed 64-bit integers.
  case int64 = "I64"
  /// IEEE half precision.
  case float16 = "F16"
  /// The upper half of a single-precision number.
  case bfloat16 = "BF16"
  /// IEEE single precision.
  case float32 = "F32"
  /// IEEE double precision.
  case float64 = "F64"

  /// Bytes of one element.
  public var byteCount: Int {
    switch self {
    case .bool, .uint8, .int8: 1
    case .int16, .float16, .bfloat16: 2
    case .int32, .float32: 4
    case .int64, .float64: 8
    }
  }

  /// Bytes of a tensor, or nil when there are more than can be counted.
  func byteCount(of shape: [Int]) -> Int? {
    // Zero first: a tensor without elements has no bytes, however large its other sides are.
    guard !shape.contains(0) else { return 0 }
    var count = byteCount
    for side in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: side)
      guard !overflow else { return nil }
      count = product
    }
    return count
  }
}
