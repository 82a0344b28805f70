import Torch

/// Batch normalization over dimension 1 (Ioffe & Szegedy 2015), with PyTorch's momentum 0.1 and epsilon 1e-5.
///
/// Scale starts at one (or zero where a residual branch should start silent), shift at zero, running mean at zero and
/// running variance at one. Only the phase decides which statistics are used; see `Phase`.
public final class BatchNorm: Layer {
  /// Scale, shape `[features]`; nil for a layer without affine map.
  public let weight: Parameter?
  /// Shift, shape `[features]`.
  public let bias: Parameter?
  let runningMean: Buffer
  let runningVar: Buffer
  let numBatchesTracked: Buffer
  static let epsilon = 1e-5

  /// Makes a layer for a number of features.
  public init(_ features: Int, isAffine: Bool = true, initialScale: Double = 1) {
    weight = isAffine ? Parameter(.full([features], initialScale)) : nil
    bias = isAffine ? Parameter(.zeros([features])) : nil
    runningMean = Buffer(.zeros([features]))
    runningVar = Buffer(.ones([features]))
    numBatchesTracked = Buffer(.zeros([], dtype: .int64))
  }

  /// `[batch, features]` or `[batch, features, height, width]`, normalized.
  public func callAsFunction(_ input: Tensor, in phase: Phase) -> Tensor {
    if phase == .train {
      withoutGradients { numBatchesTracked.value.addInPlace(.ones([], dtype: .int64)) }
    }
    let usesRunning = phase != .score
    return input.batchNormalized(
      weight: weight?.value, bias: bias?.value, runningMean: usesRunning ? runningMean.value : nil,
      runningVariance: usesRunning ? runningVar.value : nil, usesBatchStatistics: phase != .evaluate, momentum: 0.1,
      epsilon: Self.epsilon)
  }
}
