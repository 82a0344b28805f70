import NeuralNetworks
import Torch

/// Keeps float16 gradients within range: the loss is multiplied before the backward pass, gradients are divided after it
/// (Micikevicius and others 2018, arXiv 1710.03740, section 3.2).
///
/// The factor is halved when a gradient overflows, and that update is left out; it doubles after 2,000 updates without an
/// overflow. These are PyTorch's rules and numbers.
public final class LossScaler {
  private let scale: Buffer
  private let streak: Buffer

  private static let growth = 2.0
  private static let backoff = 0.5
  private let interval: Int

  /// Starts with a factor of 65,536; it grows after `interval` updates without an overflow.
  public init(interval: Int = 2000) {
    self.interval = interval
    scale = Buffer(.full([], 65536))
    streak = Buffer(.zeros([], dtype: .int32))
  }

  /// The factor as it is now; waits for the last update.
  public var factor: Double { scale.value.number }

  /// The loss to run backward.
  public func scaled(_ loss: Tensor) -> Tensor { loss * scale.value }

  /// Divides gradients and moves the factor.
  ///
  /// - Returns: Whether all gradients are finite, a boolean scalar on the device.
  public func unscale(_ gradients: [Tensor]) -> Tensor {
    withoutGradients {
      let sawOverflow = Tensor.zeros([1])
      Tensor.unscaleInPlace(gradients, by: Tensor.ones([]) / scale.value, sawOverflow: sawOverflow)
      Tensor.updateScaleInPlace(
        scale.value, streak: streak.value, sawOverflow: sawOverflow, growth: Self.growth, backoff: Self.backoff,
        interval: interval)
      return sawOverflow.reshaped([]) .< 0.5
    }
  }

  /// Everything that must be saved to continue exactly.
  public var state: [(name: String, buffer: Buffer)] { [("scale", scale), ("streak", streak)] }
}
