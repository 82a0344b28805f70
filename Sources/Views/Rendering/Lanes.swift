/// Sixteen neighboring pixels of a plane: the unit of all pixel arithmetic.
typealias Lanes = SIMD16<Float>

extension SIMD where Scalar == Float {
  /// The values moved into 0…255.
  @inline(__always)
  func clampedToByte() -> Self {
    let low = Self(repeating: 0)
    let high = Self(repeating: 255)
    let raised = self.replacing(with: low, where: self .< low)
    return raised.replacing(with: high, where: raised .> high)
  }

  /// The smaller of each pair of values.
  @inline(__always)
  func lower(_ other: Self) -> Self { self.replacing(with: other, where: other .< self) }

  /// The larger of each pair of values.
  @inline(__always)
  func upper(_ other: Self) -> Self { self.replacing(with: other, where: other .> self) }
}

extension UnsafePointer<Float> {
  /// Sixteen values from this offset on, at any alignment.
  @inline(__always)
  func lanes(at offset: Int) -> Lanes {
    UnsafeRawPointer(self + offset).loadUnaligned(as: Lanes.self)
  }
}

extension UnsafeMutablePointer<Float> {
  /// Sixteen values from this offset on, at any alignment.
  @inline(__always)
  func lanes(at offset: Int) -> Lanes {
    UnsafeRawPointer(self + offset).loadUnaligned(as: Lanes.self)
  }

  /// Writes sixteen values from this offset on, at any alignment.
  @inline(__always)
  func store(_ lanes: Lanes, at offset: Int) {
    UnsafeMutableRawPointer(self + offset).storeBytes(of: lanes, as: Lanes.self)
  }
}

/// The smallest multiple of sixteen that is not below `count`.
@inline(__always)
func paddedToLanes(_ count: Int) -> Int { (count + 15) & ~15 }
