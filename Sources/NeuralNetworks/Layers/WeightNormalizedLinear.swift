import Torch

/// A linear map without bias whose rows have a length of their own: W = g · v / ‖v‖ (Salimans and Kingma 2016).
///
/// Computes in float32 also under autocast: DINO divides its outputs by a temperature of 0.04, which would make differences
/// of the rounding of bfloat16. Named as PyTorch's `weight_norm` names them: `weight_g` and `weight_v`.
public final class WeightNormalizedLinear: Layer {
  /// The rows' lengths, shape `[outputs, 1]`, one at first.
  public let weightG: Parameter
  /// The rows' directions, shape `[outputs, inputs]`.
  public let weightV: Parameter

  /// Draws initial directions as PyTorch's linear layers.
  /// - Parameter trainsGain: Whether the lengths are trained; otherwise they stay one.
  public init(_ inputs: Int, _ outputs: Int, trainsGain: Bool, using generator: Generator) {
    let bound = 1 / Double(inputs).squareRoot()
    weightG = Parameter(.ones([outputs, 1]))
    weightV = Parameter(.uniform([outputs, inputs], in: -bound...bound, using: generator))
    if !trainsGain { weightG.freeze() }
  }

  /// `[…, inputs]` to `[…, outputs]`.
  public func callAsFunction(_ input: Tensor, in phase: Phase) -> Tensor {
    withAutocast(to: .float32) {
      input.converted(to: .float32).linear(weight: weightV.value.normalized() * weightG.value)
    }
  }
}
