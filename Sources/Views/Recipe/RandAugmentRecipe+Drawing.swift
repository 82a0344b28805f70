extension RandAugmentRecipe {
  /// The largest magnitude; the strengths of torchvision's 31 bins go from 0 to it.
  static let largestMagnitude = 30

  /// Draws the operations for a view of `size` × `size` pixels.
  func draw(size: Int, using random: inout ViewRandom) -> [DrawnOperation] {
    (0..<operations).map { _ in
      let kind = DrawnOperation.Kind.allCases[random.integer(below: DrawnOperation.Kind.allCases.count)]
      let isNegative = random.happens(withProbability: 0.5)
      return DrawnOperation(kind, magnitude: strength(of: kind, size: size) * (kind.isSigned && isNegative ? -1 : 1))
    }
  }

  /// torchvision's strength of an operation; it truncates translations to whole pixels.
  private func strength(of kind: DrawnOperation.Kind, size: Int) -> Double {
    let share = Double(magnitude) / Double(Self.largestMagnitude)
    switch kind {
    case .identity, .autoContrast, .equalize: return 0
    case .shearX, .shearY: return 0.3 * share
    case .translateX, .translateY: return (150.0 / 331.0 * Double(size) * share).rounded(.towardZero) / Double(size)
    case .rotate: return 30 * share
    case .brightness, .saturation, .contrast, .sharpness: return 0.9 * share
    case .posterize: return 8 - (Double(magnitude) / (Double(Self.largestMagnitude) / 4)).rounded(.toNearestOrEven)
    case .solarize: return 255 * (1 - share)
    }
  }
}

extension DrawnOperation.Kind {
  /// Whether a negative magnitude is as likely as a positive one.
  fileprivate var isSigned: Bool {
    switch self {
    case .identity, .posterize, .solarize, .autoContrast, .equalize: false
    default: true
    }
  }
}
