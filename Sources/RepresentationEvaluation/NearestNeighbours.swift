import ImageData
import Torch

/// Weighted k-nearest-neighbor classification of frozen features.
///
/// Wu, Xiong, Yu and Lin 2018, and the published `eval_knn`.
/// Similarity is the cosine; each of the k nearest training images votes for its class with exp(similarity / T). Of equal
/// similarities the earlier training image counts as nearer, of equal votes the lower class wins.
public struct NearestNeighbours: LeaveOneOutProtocol, Equatable {
  /// `knn`.
  public static let name = "knn"
  /// Version 1 left the order of equal similarities to libtorch, and let classes without a vote fill the five guesses.
  public static let version = 2

  /// The numbers of neighbors to report.
  public var neighbours = [10, 20, 100, 200]
  /// The temperature T of the votes, above 0.
  public var temperature = 0.07

  /// The published protocol.
  public init() {}

  /// The accuracy with the first number of neighbors.
  public var mainMeasure: String? { neighbours.first.map(Self.measureName) }

  private static func measureName(neighbours: Int) -> String { "\(neighbours)-NN" }

  /// Accuracies, one for each number of neighbors, in the order asked.
  public struct Result: EvaluationResult {
    /// The accuracies.
    public var votes: [Vote]
    /// `K-NN` for each number of neighbors.
    public var measures: [Measure] { votes.map { $0.accuracy.measure(measureName(neighbours: $0.neighbours)) } }
  }

  /// The accuracy with one number of neighbors.
  public struct Vote: Codable, Sendable {
    /// How many neighbors vote.
    public var neighbours: Int
    /// The accuracy.
    public var accuracy: Accuracy
    /// Image by image.
    public var outcomes: Outcomes
  }

  /// Accuracy on `test` for each number of neighbors, in the order asked.
  /// - Throws: `EvaluationDataError` where there are fewer training images than neighbors, or accuracy means nothing;
  ///   `TorchError` when memory runs out.
  public func evaluate(train: LabelledFeatures, test: LabelledFeatures) throws -> Result {
    result(of: try outcomes(train: train, test: test), on: test)
  }

  /// Accuracy on `images` for each number of neighbors among the other ones, in the order asked.
  /// - Throws: `EvaluationDataError` where there are fewer other images than neighbors, or accuracy means nothing;
  ///   `TorchError` when memory runs out.
  public func evaluate(leavingOneOut images: LabelledFeatures) throws -> Result {
    try images.check(against: images)
    return result(of: try outcomes(leavingOneOut: images), on: images)
  }

  /// How images are guessed with each number of neighbors among the other ones, in the order asked.
  ///
  /// For weights that are being trained: features that are NaN or infinite, and images of one class, are no error.
  /// - Throws: `EvaluationDataError` where there are fewer other images than neighbors; `TorchError` when memory runs
  ///   out.
  public func outcomes(leavingOneOut images: LabelledFeatures) throws -> [Outcomes] {
    try outcomes(of: images, among: images, countsThemselves: false)
  }

  func outcomes(train: LabelledFeatures, test: LabelledFeatures) throws -> [Outcomes] {
    try train.check(against: test)
    return try outcomes(of: test, among: train, countsThemselves: true)
  }

  private func result(of outcomes: [Outcomes], on images: LabelledFeatures) -> Result {
    Result(
      votes: zip(neighbours, outcomes).map {
        Vote(neighbours: $0, accuracy: Accuracy($1, labels: images.labels), outcomes: $1)
      })
  }

  /// - Parameter countsThemselves: Whether the training image at the position of a test image may be its neighbor.
  private func outcomes(
    of test: LabelledFeatures, among train: LabelledFeatures, countsThemselves: Bool
  ) throws -> [Outcomes] {
    precondition(temperature > 0, "The temperature of votes must be above 0, not \(temperature).")
    let largest = neighbours.max() ?? 0
    let available = countsThemselves ? train.count : train.count - 1
    if largest > available { throw EvaluationDataError.tooManyNeighbours(largest, images: available) }
    // Each of several workers finds the neighbors of a part of the images.
    let workers = Workers.current
    let part = DividedPass().part.share(of: test.count)
    let own = try throwingExhaustion {
      let bankLabels = Tensor(train.labels)
      let classes = (train.labels + test.labels).max()! + 1
      var places: [[Int?]] = Array(repeating: [], count: neighbours.count)
      test.forEachCosines(of: part, to: train, countsThemselves: countsThemselves) { start, cosines in
        let count = cosines.shape[0]
        let nearest = cosines.nearest(largest)
        let similarities = cosines.gathering(nearest, along: 1)
        // Divided by the first one's vote, which changes no share and cannot overflow.
        let votes = ((similarities - similarities.narrowed(along: 1, from: 0, count: 1)) / temperature).exponential()
        let classesOfNearest = bankLabels.selecting(nearest.reshaped([-1])).reshaped([count, largest])
        for (position, k) in neighbours.enumerated() {
          let scores = Tensor.zeros([count, classes]).addingScattered(
            votes.narrowed(along: 1, from: 0, count: k),
            at: classesOfNearest.narrowed(along: 1, from: 0, count: k), along: 1)
          let labels = Array(test.labels[start..<start + count])
          places[position] += Outcomes(scores: scores, labels: labels, floor: 0).places
        }
      }
      return places
    }
    return try own.map { places in
      Outcomes(places: try workers.gathered(places.map { $0 ?? 0 }).map { $0 == 0 ? nil : $0 })
    }
  }
}
