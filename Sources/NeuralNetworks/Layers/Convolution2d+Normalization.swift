import Torch

/// A convolution's normalization with running statistics, as a factor and an offset of each output.
struct FoldedNormalization {
  /// The factor, which the normalization's scale and running variance make: `[outputs]`.
  let gain: Tensor
  /// What is added to the products, `[outputs]`.
  let offset: Tensor

  /// Nil for a normalization without scale and shift.
  init?(_ norm: BatchNorm, behind convolution: Convolution2d) {
    guard let scale = norm.weight?.value, let shift = norm.bias?.value else { return nil }
    gain = scale / (norm.runningVar.value + BatchNorm.epsilon).squareRoot()
    let center = convolution.bias.map { $0.value - norm.runningMean.value } ?? -norm.runningMean.value
    offset = center * gain + shift
  }
}

extension Convolution2d {
  /// This convolution and the normalization behind it.
  ///
  /// With running statistics and no gradients to record, both are one convolution: its weights are scaled by the
  /// normalization's, so that no pass over the activations is spent on normalizing.
  func normalized(by norm: BatchNorm, _ input: Tensor, in phase: Phase) -> Tensor {
    guard phase == .evaluate, !recordsGradients, let folded = FoldedNormalization(norm, behind: self) else {
      return norm(self(input, in: phase), in: phase)
    }
    return input.convolved2d(
      weight: weight.value * folded.gain.reshaped([-1, 1, 1, 1]), bias: folded.offset, stride: stride,
      padding: padding)
  }
}
