/// The precision of convolutions and matrix products.
public enum Precision: String, Codable, Sendable, CaseIterable {
  /// bfloat16 where the processor multiplies it in hardware and on GPUs, float32 elsewhere.
  case auto
  /// bfloat16 with float32 weights, reductions and losses.
  case bf16
  /// float16 with float32 weights, reductions and losses; the loss is scaled (`LossScaler`).
  ///
  /// For GPUs without bfloat16.
  case fp16
  /// float32 throughout.
  case fp32

  /// The element type on a device of this machine.
  public func dtype(on device: Device) -> DType {
    switch self {
    case .auto: Engine.hasFastBFloat16 || device == .cuda ? .bfloat16 : .float32
    case .bf16: .bfloat16
    case .fp16: .float16
    case .fp32: .float32
    }
  }
}
