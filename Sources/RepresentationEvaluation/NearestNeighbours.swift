import Torch

/// Weighted k-nearest-neighbour classification of frozen features.
///
/// Wu, Xiong, Yu and Lin 2018, and the published `eval_knn`.
/// Similarity is the cosine; each of the k nearest training images votes for its class with exp(similarity / T).
public struct NearestNeighbours: Codable, Sendable, Equatable {
  /// The numbers of neighbours to report.
  public var neighbours = [10, 20, 100, 200]
  /// The temperature T of the votes, above 0.
  public var temperature = 0.07

  /// The published protocol.
  public init() {}

  /// Accuracy on `test` for each number of neighbours, in the order asked.
  /// - Throws: `EvaluationDataError` where there are fewer training images than neighbours, or accuracy means nothing;
  ///   `TorchError` when memory runs out.
  public func evaluate(train: LabelledFeatures, test: LabelledFeatures) throws -> [(neighbours: Int, Accuracy)] {
    try train.check(against: test)
    return try measure(test, among: train, countsThemselves: true)
  }

  /// Accuracy on `images` for each number of neighbours among the other ones, in the order asked.
  ///
  /// For weights that are being trained: features that are NaN or infinite, and images of one class, are no error.
  /// - Throws: `EvaluationDataError` where there are fewer other images than neighbours; `TorchError` when memory runs
  ///   out.
  public func evaluate(leavingOneOut images: LabelledFeatures) throws -> [(neighbours: Int, Accuracy)] {
    try measure(images, among: images, countsThemselves: false)
  }

  /// - Parameter countsThemselves: Whether the training image at the position of a test image may be its neighbor.
  private func measure(
    _ test: LabelledFeatures, among train: LabelledFeatures, countsThemselves: Bool
  ) throws -> [(neighbours: Int, Accuracy)] {
    precondition(temperature > 0, "The temperature of votes must be above 0, not \(temperature).")
    let largest = neighbours.max() ?? 0
    let available = countsThemselves ? train.count : train.count - 1
    if largest > available { throw EvaluationDataError.tooManyNeighbours(largest, images: available) }
    return try throwingExhaustion {
      let bank = train.features.normalized().transposed()
      let bankLabels = Tensor(train.labels)
      let classes = (train.labels + test.labels).max()! + 1
      var hits = Array(repeating: (top1: 0, top5: 0), count: neighbours.count)
      let chunk = 512
      for start in stride(from: 0, to: test.count, by: chunk) {
        let count = min(chunk, test.count - start)
        let queries = test.features.narrowed(along: 0, from: start, count: count).normalized()
        var cosines = queries.matmul(bank)
        if !countsThemselves { cosines = cosines.replacingDiagonal(from: start, with: -.infinity) }
        let (similarities, nearest) = cosines.largest(largest)
        // Divided by the first one's vote, which changes no share and cannot overflow.
        let votes = ((similarities - similarities.narrowed(along: 1, from: 0, count: 1)) / temperature).exponential()
        let classesOfNearest = bankLabels.selecting(nearest.reshaped([-1])).reshaped([count, largest])
        for (position, k) in neighbours.enumerated() {
          let scores = Tensor.zeros([count, classes]).addingScattered(
            votes.narrowed(along: 1, from: 0, count: k),
            at: classesOfNearest.narrowed(along: 1, from: 0, count: k), along: 1)
          let counted = Accuracy.hits(scores: scores, labels: Array(test.labels[start..<start + count]))
          hits[position].top1 += counted.top1
          hits[position].top5 += counted.top5
        }
      }
      return zip(neighbours, hits).map { k, hits in
        (k, Accuracy(top1: Double(hits.top1) / Double(test.count), top5: Double(hits.top5) / Double(test.count)))
      }
    }
  }
}

extension Tensor {
  /// These rows `start`, `start + 1`, … of a square table with a number where row and column are the same.
  func replacingDiagonal(from start: Int, with value: Double) -> Tensor {
    let rows = (Tensor.range(shape[0]) + start).reshaped([shape[0], 1])
    return replacing(where: Tensor.range(shape[1]) .== rows, with: value)
  }
}
