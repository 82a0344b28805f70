import Torch

extension Convolution2d {
  /// This convolution and the normalization behind it.
  ///
  /// With running statistics and no gradients to record, both are one convolution: its weights are scaled by the
  /// normalization's, so that no pass over the activations is spent on normalizing.
  func normalized(by norm: BatchNorm, _ input: Tensor, in phase: Phase) -> Tensor {
    guard phase == .evaluate, !recordsGradients, let gain = norm.weight?.value, let shift = norm.bias?.value else {
      return norm(self(input, in: phase), in: phase)
    }
    let scale = gain / (norm.runningVar.value + BatchNorm.epsilon).squareRoot()
    let offset = bias.map { $0.value - norm.runningMean.value } ?? -norm.runningMean.value
    return input.convolved2d(
      weight: weight.value * scale.reshaped([-1, 1, 1, 1]), bias: offset * scale + shift, stride: stride,
      padding: padding)
  }
}
