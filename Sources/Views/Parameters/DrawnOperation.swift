/// One operation of RandAugment with its strength.
public struct DrawnOperation: Codable, Sendable, Equatable {
  /// The operations, in torchvision's order.
  public enum Kind: String, Codable, Sendable, CaseIterable {
    case identity
    case shearX = "shear_x"
    case shearY = "shear_y"
    case translateX = "translate_x"
    case translateY = "translate_y"
    case rotate
    case brightness
    /// torchvision's Color.
    case saturation
    case contrast
    case sharpness
    case posterize
    case solarize
    case autoContrast = "auto_contrast"
    case equalize
  }

  /// The operation.
  public var kind: Kind
  /// How much: a tangent for shears, a fraction of the view's side for translations, degrees for the rotation, the
  /// factor less 1 for brightness, saturation, contrast and sharpness, kept bits for posterize, the threshold for
  /// solarize, nothing for the others.
  public var magnitude: Double

  /// An operation of a strength.
  public init(_ kind: Kind, magnitude: Double = 0) {
    self.kind = kind
    self.magnitude = magnitude
  }
}
