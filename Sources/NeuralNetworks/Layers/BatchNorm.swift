import Torch

/// Batch normalization over dimension 1 (Ioffe & Szegedy 2015), with PyTorch's momentum 0.1 and epsilon 1e-5.
///
/// Scale starts at one (or zero where a residual branch should start silent), shift at zero, running mean at zero and
/// running variance at one. Only the phase decides which statistics are used; see `Phase`. Statistics of a batch are those
/// of all workers' parts of it, unless they are kept apart (`withLocalBatchStatistics(_:_:)`).
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
    let workers = BatchStatistics.workers
    if phase != .evaluate, workers.count > 1 { return synchronized(input, in: phase, over: workers) }
    let usesRunning = phase != .score
    return input.batchNormalized(
      weight: weight?.value, bias: bias?.value, runningMean: usesRunning ? runningMean.value : nil,
      runningVariance: usesRunning ? runningVar.value : nil, usesBatchStatistics: phase != .evaluate, momentum: 0.1,
      epsilon: Self.epsilon)
  }

  private func synchronized(_ input: Tensor, in phase: Phase, over workers: any Communicator) -> Tensor {
    let result = input.batchNormalized(
      weight: weight?.value, bias: bias?.value, epsilon: Self.epsilon, over: workers)
    if phase == .train {
      let correction = Double(result.count) / Double(max(result.count - 1, 1))
      withoutGradients {
        Tensor.moveInPlace(
          [runningMean.value, runningVar.value], towards: [result.mean, result.variance * correction], by: 0.1)
      }
    }
    return result.rows
  }
}

/// Runs `body` so that each worker normalizes by the statistics of its own part of a batch, as the published code does
/// where it does not say otherwise.
public func withLocalBatchStatistics<Result>(_ areLocal: Bool = true, _ body: () throws -> Result) rethrows -> Result {
  try BatchStatistics.$areLocal.withValue(areLocal, operation: body)
}

enum BatchStatistics {
  @TaskLocal static var areLocal = false

  /// The workers whose parts of a batch are normalized together.
  static var workers: any Communicator { areLocal ? SingleWorker() : Workers.current }
}
