/// The format of a value of a rendered view.
public enum PixelFormat: String, Codable, Sendable, CaseIterable {
  /// Normalized, 32-bit floating point.
  case float32
  /// Normalized, the upper half of a 32-bit floating-point number, rounded to nearest even.
  case bfloat16
  /// A whole number from 0 to 255, not normalized: for normalizing where the view is used.
  case uint8

  /// Bytes of one value.
  public var byteCount: Int {
    switch self {
    case .float32: 4
    case .bfloat16: 2
    case .uint8: 1
    }
  }
}

/// A type that pixel values are stored as.
protocol StoredPixel: BitwiseCopyable {
  /// Stores a value from 0 to 255 times `scale` plus `offset`.
  static func stored(_ value: Float, scale: Float, offset: Float) -> Self
}

extension Float: StoredPixel {
  @_transparent
  static func stored(_ value: Float, scale: Float, offset: Float) -> Float { offset.addingProduct(value, scale) }
}

/// A bfloat16 as its bits.
struct BFloat16Bits: StoredPixel {
  let bits: UInt16

  @_transparent
  static func stored(_ value: Float, scale: Float, offset: Float) -> BFloat16Bits {
    let bits = offset.addingProduct(value, scale).bitPattern
    return BFloat16Bits(bits: UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16))
  }
}

extension UInt8: StoredPixel {
  @_transparent
  static func stored(_ value: Float, scale: Float, offset: Float) -> UInt8 {
    UInt8(truncatingIfNeeded: Int32(value))
  }
}
