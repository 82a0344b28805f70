/// A two-dimensional convolution of 8-bit integers on the CPU, by oneDNN.
///
/// An image holds whole numbers from 0 to 255; with its scale s and zero point z they stand for s · (number − z).
package struct QuantizedConvolution {
  /// How an image of 8-bit integers is to be read.
  package struct Scale: Equatable, Sendable {
    /// The value of one step.
    package var step: Double
    /// The integer that stands for 0.
    package var zero = 0

    package init(step: Double, zero: Int = 0) {
      self.step = step
      self.zero = zero
    }
  }

  private let weights: Tensor
  private let weightSteps: Tensor
  private let zeros: Tensor
  private let bias: Tensor
  private let input: Scale
  private let geometry: [Argument]

  /// Whether this libtorch has such convolutions: builds for x86 do.
  package static var isAvailable: Bool { Operator.quantizedConvolution2d.schema != nil }

  /// Packs weights, each output's with a step of its own, so that the largest of them becomes ±127.
  /// - Parameters:
  ///   - weight: `[outputs, inputs, kernel, kernel]`, float32.
  ///   - gain: A factor of each output, `[outputs]`, of any sign.
  ///   - bias: `[outputs]`, float32.
  ///   - shape: Of the images, `[batch, inputs, height, width]`.
  ///   - input: How the images are to be read.
  package init(
    weight: Tensor, gain: Tensor, bias: Tensor, stride: Int, padding: Int, shape: [Int], input: Scale
  ) {
    let largest = weight.magnitude().maximum(along: 1, 2, 3).clamped(from: 1e-30) / 127
    let levels = Operator.roundInPlace(.tensor(weight / largest.reshaped([-1, 1, 1, 1]))).converted(to: .int8)
    weightSteps = largest * gain
    zeros = .zeros([largest.shape[0]], dtype: .int64)
    self.bias = bias
    self.input = input
    geometry = [.ints([stride, stride]), .ints([padding, padding]), .ints([1, 1]), .int(1)]
    weights =
      Operator.packQuantizedConvolution.call(
        [.tensor(levels), .tensor(weightSteps), .double(input.step), .int(input.zero)] + geometry + [.ints(shape)],
        results: 1)[0]
  }

  /// The convolution of `[batch, inputs, height, width]`, uint8.
  /// - Parameters:
  ///   - output: How the result is to be read; what does not fit is cut off.
  ///   - isRectified: Whether negative results become 0.
  ///   - other: Added before that; its memory may be written over.
  package func callAsFunction(
    _ image: Tensor, output: Scale, isRectified: Bool, adding other: (image: Tensor, scale: Scale)? = nil
  ) -> Tensor {
    let read: [Argument] = [
      .tensor(image), .double(input.step), .int(input.zero), .tensor(weights), .tensor(weightSteps), .tensor(zeros),
    ]
    let written: [Argument] = [.double(output.step), .int(output.zero), .dtype(.uint8)]
    let activation: [Argument] = [.text(isRectified ? "relu" : "none"), .ints([]), .text("")]
    guard let other else {
      return Operator.quantizedConvolution2d.call(
        read + [.tensor(bias)] + geometry + written + activation, results: 1)[0]
    }
    let added: [Argument] = [.double(other.scale.step), .int(other.scale.zero), .text("sum"), .double(1)]
    return Operator.quantizedConvolution2dAdding.call(
      read + [.tensor(other.image), .tensor(bias)] + geometry + written + added + activation, results: 1)[0]
  }
}
