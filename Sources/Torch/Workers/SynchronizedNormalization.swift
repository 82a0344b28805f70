extension Tensor {
  /// Normalized over dimension 1 by the statistics of all workers' rows, which must be as many on each.
  ///
  /// - Parameters:
  ///   - weight: Scale, `[features]`; nil for one.
  ///   - bias: Shift, `[features]`; nil for zero.
  /// - Returns: The rows; mean and biased variance of each feature; and how many values they are of.
  package func batchNormalized(
    weight: Tensor?, bias: Tensor?, epsilon: Double, over workers: any Communicator
  ) -> (rows: Tensor, mean: Tensor, variance: Tensor, count: Int) {
    let (input, features) = (contiguousLike(), shape[1])
    let (weight, bias) = (weight ?? .ones([features]), bias ?? .zeros([features]))
    let count = elementCount / features * workers.count
    let (mean, variance) = withoutGradients { input.statistics(over: workers) }
    let normalized = withoutGradients {
      Operator.nativeBatchNorm.call(
        [
          .tensor(input), .tensor(weight), .tensor(bias), .tensor(mean), .tensor(variance), .bool(false), .double(0),
          .double(epsilon),
        ], results: 3)[0]
    }
    let rows = normalized.withGradient(to: [input, weight, bias]) { upstream in
      input.batchNormalizationGradients(
        upstream, weight: weight, mean: mean, variance: variance, epsilon: epsilon, count: count, over: workers)
    }
    return (rows, mean, variance, count)
  }

  /// Mean and biased variance of each feature over all workers' rows.
  private func statistics(over workers: any Communicator) -> (mean: Tensor, variance: Tensor) {
    let own = Operator.batchNormStatistics.call([.tensor(self), .none, .none, .double(0)], results: 2)
    let all = workers.gathered(Tensor.stacked(own.map { $0.converted(to: .float32) }).expandingDimension(at: 0))
    let (means, variances) = all.halves(along: 1)
    let mean = means.mean(along: 0)
    let difference = means - mean
    return (mean, (variances + difference * difference).mean(along: 0))
  }

  /// Gradients of input, scale and shift.
  ///
  /// With x̂ the normalized input, the input's is γ/σ · (g − mean g − x̂ · mean(g · x̂)), with means over all workers' rows.
  private func batchNormalizationGradients(
    _ upstream: Tensor, weight: Tensor, mean: Tensor, variance: Tensor, epsilon: Double, count: Int,
    over workers: any Communicator
  ) -> [Tensor?] {
    // As if mean and variance were constants, which also sums g and g · x̂ over this worker's rows.
    let own = Operator.nativeBatchNormGradient.call(
      [
        .tensor(upstream.contiguousLike()), .tensor(self), .tensor(weight), .tensor(mean), .tensor(variance),
        .none, .none, .bool(false), .double(epsilon), .ints([1, 1, 1]),
      ], results: 3)
    let (products, total) = workers.sum(Tensor.stacked([own[1], own[2]])).halves(along: 0)
    let deviation = (variance + epsilon).squareRoot()
    let scale = weight / deviation / Double(count)
    let slope = scale / deviation * products
    let offset = scale * total - slope * mean
    let columns = [1, shape[1]] + Array(repeating: 1, count: rank - 2)
    let correction = self * slope.reshaped(columns) + offset.reshaped(columns)
    return [(own[0] - correction).converted(to: own[0].dtype), own[1], own[2]]
  }

  /// What was stacked of two.
  private func halves(along dimension: Int) -> (Tensor, Tensor) {
    let halves = split(into: 2, along: dimension).map { half in
      half.reshaped(half.shape.enumerated().filter { $0.offset != dimension }.map(\.element))
    }
    return (halves[0], halves[1])
  }

  /// Dense, in whichever order images are.
  private func contiguousLike() -> Tensor { rank == 4 && isChannelsLast ? self : contiguous() }
}
