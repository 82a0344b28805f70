import RunConfiguration
import Torch

/// Where networks are trained and evaluated; the `device` key.
public enum DeviceChoice: String, Codable, Sendable, CaseIterable {
  /// The processor.
  case cpu
  /// An NVIDIA GPU: the first of those that CUDA_VISIBLE_DEVICES leaves.
  case cuda

  /// The device, whether there is one or not.
  public var device: Device { self == .cpu ? .cpu : .cuda }

  /// Runs `body` with tensors made there.
  /// - Throws: `ConfigurationError` where there is no such device, and what `body` throws.
  public func use<Result>(_ body: () throws -> Result) throws -> Result {
    switch self {
    case .cpu: return try withDevice(.cpu, body)
    case .cuda:
      if let reason = Engine.reasonForNoGPU {
        throw ConfigurationError(
          path: "device",
          problem: .invalid("is cuda, but \(reason). Take --device cpu, or see Documentation/CUDA.md"))
      }
      return try withDevice(.cuda, body)
    }
  }
}
