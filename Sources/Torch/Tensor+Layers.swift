extension Tensor {
  /// Rectified linear units: negative elements become zero.
  public func relu() -> Tensor { Operator.relu(.tensor(self)) }
  /// `relu` in the memory of a tensor that is used nowhere else, whose own gradient does not need its values: that of a
  /// normalization or a sum.
  package func rectified() -> Tensor { Operator.reluInPlace(.tensor(self)) }
  /// `clamped` in the memory of a tensor that is used nowhere else and carries no gradient.
  package func clampedInPlace(from lower: Double, to upper: Double) -> Tensor {
    Operator.clampInPlace(.tensor(self), .double(lower), .double(upper))
  }
  /// The sum with another tensor, in this one's memory where no gradients are recorded.
  package func adding(_ other: Tensor) -> Tensor {
    recordsGradients ? self + other : Operator.addInPlace(.tensor(self), .tensor(other))
  }
  /// Gaussian error linear units, exact: x · Φ(x).
  public func gelu() -> Tensor { Operator.gelu(.tensor(self)) }

  /// Layer normalization over the last dimension.
  /// - Parameter weight: Shape `[features]`.
  public func layerNormalized(weight: Tensor?, bias: Tensor?, features: Int, epsilon: Double) -> Tensor {
    Operator.layerNorm(.tensor(self), .ints([features]), .optional(weight), .optional(bias), .double(epsilon))
  }

  /// Softmax(q · kᵀ / √d) · v for queries (self), keys and values of shape `[batch, heads, tokens, d]`.
  ///
  /// Of few tokens the table of weights is small, and in bfloat16 on processors two batched products of matrices with it
  /// are faster than libtorch's attention that never holds it: forward and backward 1.7 times at 197 tokens, 6 times at
  /// 37. In float32 they are not.
  public func attending(to keys: Tensor, values: Tensor) -> Tensor {
    guard dtype == .bfloat16, shape[2] <= Self.fewTokens else {
      return Operator.scaledDotProductAttention(.tensor(self), .tensor(keys), .tensor(values))
    }
    let scaled = self * (1 / Double(shape[3]).squareRoot())
    return scaled.matmul(keys.transposed(2, 3)).softmax(along: -1).matmul(values)
  }

  /// Up to this number of tokens the weights of attention are held as a table.
  private static var fewTokens: Int { 512 }

  /// Bicubic interpolation of `[batch, channels, height, width]`, corners not aligned.
  /// - Parameter scales: Ratios of new to old height and width that positions are computed with, as PyTorch's
  ///   `scale_factor`; nil takes those of the sizes.
  public func resizedBicubically(height: Int, width: Int, scales: (height: Double, width: Double)? = nil) -> Tensor {
    Operator.bicubic(
      .tensor(self), .ints([height, width]), .bool(false), scales.map { .double($0.height) } ?? .none,
      scales.map { .double($0.width) } ?? .none)
  }

  /// `self · weightᵀ + bias`.
  /// - Parameter weight: Shape `[outputs, inputs]`.
  public func linear(weight: Tensor, bias: Tensor? = nil) -> Tensor {
    Operator.linear(.tensor(self), .tensor(weight), .optional(bias))
  }

  /// Two-dimensional convolution of `[batch, channels, height, width]`.
  public func convolved2d(weight: Tensor, bias: Tensor? = nil, stride: Int = 1, padding: Int = 0) -> Tensor {
    if stride > 1, padding == 0, Engine.overrunsStridedConvolutions(of: self, weight: weight) {
      // A kernel of one pixel sees nothing of the pixels between.
      return strided(along: 2, by: stride).strided(along: 3, by: stride).convolved2d(weight: weight, bias: bias)
    }
    if padding > 0, shape[3] == 1, weight.shape[3] == 2 * padding + 1, device == .cpu {
      // Images of one column meet the middle column of the kernel alone. Of the others oneDNN's for AMX leaves the
      // gradient in bfloat16 as the memory was (libtorch 2.13).
      return Operator.convolution2d(
        .tensor(self), .tensor(weight.narrowed(along: 3, from: padding, count: 1)), .optional(bias),
        .ints([stride, stride]), .ints([padding, 0]))
    }
    return Operator.convolution2d(
      .tensor(self), .tensor(weight), .optional(bias), .ints([stride, stride]), .ints([padding, padding]))
  }

  /// The largest element of each window of `[batch, channels, height, width]`.
  public func maxPooled2d(window: Int, stride: Int, padding: Int = 0) -> Tensor {
    Operator.maxPool2d(
      .tensor(self), .ints([window, window]), .ints([stride, stride]), .ints([padding, padding]))
  }

  /// Batch normalization over dimension 1.
  /// - Parameters:
  ///   - runningMean: Used instead of the batch's mean, or moved towards it when `usesBatchStatistics`.
  ///   - usesBatchStatistics: Normalize with the batch's own mean and variance.
  package func batchNormalized(
    weight: Tensor?, bias: Tensor?, runningMean: Tensor?, runningVariance: Tensor?, usesBatchStatistics: Bool,
    momentum: Double, epsilon: Double
  ) -> Tensor {
    Operator.batchNorm(
      .tensor(self), .optional(weight), .optional(bias), .optional(runningMean), .optional(runningVariance),
      .bool(usesBatchStatistics), .double(momentum), .double(epsilon), .bool(false))
  }

  /// The cross-entropy of logits `[batch, classes]` against integer labels `[batch]`, per sample.
  public func crossEntropy(labels: Tensor) -> Tensor {
    Operator.crossEntropy(.tensor(self), .tensor(labels), .none, .int(0))
  }
}
