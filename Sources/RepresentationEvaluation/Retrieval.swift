import Statistics
import Torch

/// How well the images of a class are found by similarity: each query ranks the gallery by the cosine.
///
/// Relevant are the images of the query's class. Of equal cosines the earlier image of the gallery comes first.
public struct Retrieval: LeaveOneOutProtocol, Equatable {
  /// `retrieval`.
  public static let name = "retrieval"
  /// The first version.
  public static let version = 1

  /// The depths at which recall is reported; those beyond the gallery are left out.
  public var depths = [1, 5, 10]
  /// Decides the resamples of the interval.
  public var seed: UInt64 = 0

  /// The usual depths.
  public init() {}

  /// `mAP`.
  public var mainMeasure: String? { "mAP" }

  /// How well images were found.
  public struct Result: EvaluationResult {
    /// How many images were ranked for each query.
    public var gallery: Int
    /// How many queries have an image of their class in the gallery; the others are not counted.
    public var queries: Int
    /// How many queries have none.
    public var queriesWithoutMatch: Int
    /// The mean over queries of the average precision: the mean, over the relevant images, of the share of relevant ones
    /// among those up to them.
    public var meanAveragePrecision: Double
    /// Its 95 % interval over queries, by bootstrap.
    public var interval: ConfidenceInterval
    /// Recall at each depth.
    public var recall: [Recall]

    /// `mAP`, and `recall at K`.
    public var measures: [Measure] {
      [Measure(name: "mAP", value: meanAveragePrecision, interval: interval)]
        + recall.map { Measure(name: "recall at \($0.depth)", value: $0.share, interval: $0.interval) }
    }
  }

  /// The share of queries that have a relevant image among the first.
  public struct Recall: Codable, Sendable, Equatable {
    /// How many images are looked at.
    public var depth: Int
    /// The share of queries.
    public var share: Double
    /// Its 95 % interval over queries, Wilson's.
    public var interval: ConfidenceInterval
  }

  /// The images of `test` are queries, those of `train` the gallery.
  /// - Throws: `EvaluationDataError` where no class is in both, or the result would mean nothing; `TorchError` when memory
  ///   runs out.
  public func evaluate(train: LabelledFeatures, test: LabelledFeatures) throws -> Result {
    try train.check(against: test)
    return try measure(test, in: train, findsThemselves: true)
  }

  /// Each image is a query, all others are its gallery.
  /// - Throws: `EvaluationDataError` where no class has two images, or the result would mean nothing; `TorchError` when
  ///   memory runs out.
  public func evaluate(leavingOneOut images: LabelledFeatures) throws -> Result {
    try images.check(against: images)
    return try measure(images, in: images, findsThemselves: false)
  }

  private func measure(
    _ queries: LabelledFeatures, in gallery: LabelledFeatures, findsThemselves: Bool
  ) throws -> Result {
    let size = findsThemselves ? gallery.count : gallery.count - 1
    let depths = depths.filter { (1...max(1, size)).contains($0) }
    var precisions: [Double] = []
    var hits = depths.map { _ in 0 }
    try throwingExhaustion {
      let classes = Tensor(gallery.labels)
      let places = (Tensor.range(size) + 1).converted(to: .float64)
      queries.forEachCosines(to: gallery, countsThemselves: findsThemselves) { start, cosines in
        let count = cosines.shape[0]
        let ranked = classes.selecting(cosines.nearest(size).reshaped([-1])).reshaped([count, size])
        let own = Tensor(Array(queries.labels[start..<start + count])).reshaped([count, 1])
        let isRelevant = (ranked .== own).converted(to: .float64)
        let found = isRelevant.cumulativeSum(along: 1)
        let sums = (found / places * isRelevant).sum(along: 1).scalars(as: Double.self)
        let relevant = isRelevant.sum(along: 1).scalars(as: Double.self)
        for (sum, relevant) in zip(sums, relevant) where relevant > 0 { precisions.append(sum / relevant) }
        for (position, depth) in depths.enumerated() {
          let at = found.narrowed(along: 1, from: depth - 1, count: 1)
          hits[position] += Int((at .> 0).converted(to: .float64).sum().number)
        }
      }
    }
    guard !precisions.isEmpty else { throw EvaluationDataError.nothingToFind }
    return Result(
      gallery: size, queries: precisions.count, queriesWithoutMatch: queries.count - precisions.count,
      meanAveragePrecision: precisions.reduce(0, +) / Double(precisions.count),
      interval: .bootstrap(meanOf: precisions, seed: seed),
      recall: zip(depths, hits).map { depth, hits in
        Recall(
          depth: depth, share: Double(hits) / Double(precisions.count), interval: .wilson(hits, of: precisions.count))
      })
  }
}
