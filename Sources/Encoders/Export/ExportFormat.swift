import HardViewPretraining
import NeuralNetworks

/// A library that an encoder is written for.
public enum ExportFormat: String, Codable, Sendable, CaseIterable {
  /// torchvision's `ResNet` and `VisionTransformer`.
  case torchvision
  /// timm's `ResNet` and `VisionTransformer`.
  case timm
  /// transformers' `ResNetModel`, `ViTModel`, and `Dinov2WithRegistersModel` for register tokens.
  case huggingface
  /// This program's own file, which describes itself; names are torchvision's or timm's.
  case safetensors

  /// Why the library's class cannot hold a network; nil where it can.
  public func obstacle(to backbone: BackboneConfiguration) -> String? {
    switch self {
    case .torchvision where backbone.isTransformer && backbone.registerTokens > 0:
      "torchvision's VisionTransformer has no register tokens, and this one has \(backbone.registerTokens)"
    case .torchvision, .timm, .huggingface, .safetensors: nil
    }
  }
}

/// A library cannot hold a network.
public struct ExportError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The encoder.
  public let encoder: String
  /// What it was to be written for.
  public let format: ExportFormat
  /// Why it cannot be.
  public let reason: String
  /// The formats that can hold it.
  public let alternatives: [ExportFormat]

  /// One paragraph: what, why, and what can.
  public var description: String {
    "\(encoder) cannot be exported to \(format.rawValue): \(reason). "
      + "Choose --to \(alternatives.map(\.rawValue).joined(separator: ", --to "))."
  }
}
