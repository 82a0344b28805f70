/// Sixteen neighboring pixels of a plane: the unit of all pixel arithmetic.
typealias Lanes = SIMD16<Float>

// Pixel arithmetic is written on this concrete type, in plain loops and transparent functions: comparisons of a generic
// `Self` would be made lane by lane, and closures or ordinary functions would pass their lanes through memory.
extension Lanes {
  /// The values moved into 0…255.
  @_transparent
  func clampedToByte() -> Lanes { upper(Lanes(repeating: 0)).lower(Lanes(repeating: 255)) }

  /// The smaller of each pair of values.
  @_transparent
  func lower(_ other: Lanes) -> Lanes { replacing(with: other, where: other .< self) }

  /// The larger of each pair of values.
  @_transparent
  func upper(_ other: Lanes) -> Lanes { replacing(with: other, where: other .> self) }
}

extension UnsafePointer<Float> {
  /// Sixteen values from this offset on, at any alignment.
  @_transparent
  func lanes(at offset: Int) -> Lanes {
    UnsafeRawPointer(self + offset).loadUnaligned(as: Lanes.self)
  }
}

extension UnsafeMutablePointer<Float> {
  /// Sixteen values from this offset on, at any alignment.
  @_transparent
  func lanes(at offset: Int) -> Lanes {
    UnsafeRawPointer(self + offset).loadUnaligned(as: Lanes.self)
  }

  /// Writes sixteen values from this offset on, at any alignment.
  @_transparent
  func store(_ lanes: Lanes, at offset: Int) {
    UnsafeMutableRawPointer(self + offset).storeBytes(of: lanes, as: Lanes.self)
  }
}

/// The smallest multiple of sixteen that is not below `count`.
@_transparent
func paddedToLanes(_ count: Int) -> Int { (count + 15) & ~15 }
