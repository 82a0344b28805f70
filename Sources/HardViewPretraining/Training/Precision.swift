import Torch

/// What convolutions and matrix products compute in.
public enum Precision: String, Codable, Sendable, CaseIterable {
  /// bfloat16 where the processor multiplies it in hardware, float32 elsewhere.
  case auto
  /// bfloat16 with float32 weights, reductions and losses.
  case bf16
  /// float32 throughout.
  case fp32

  /// The element type on this machine.
  public var dtype: DType {
    switch self {
    case .auto: Engine.hasFastBFloat16 ? .bfloat16 : .float32
    case .bf16: .bfloat16
    case .fp32: .float32
    }
  }
}

/// Where tensors live.
public enum Device: String, Codable, Sendable, CaseIterable {
  /// The processor.
  case cpu
}
