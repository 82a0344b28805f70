import Statistics
import Torch

/// How well the distance to the k-th nearest training image tells images of other kinds from test images.
///
/// Sun et al. 2022, arXiv 2204.06507. The distance is that of features scaled to length 1, which ranks images as one minus
/// the cosine does.
public struct OutlierDetection: EvaluationProtocol, Equatable {
  /// `outliers`.
  public static let name = "outliers"
  /// The first version.
  public static let version = 1

  /// Which nearest training image the distance is measured to, from 1.
  public var neighbour = 50
  /// Decides the resamples of the intervals.
  public var seed: UInt64 = 0

  /// The published setting for small images.
  public init() {}

  /// `AUROC`.
  public var mainMeasure: String? { "AUROC" }

  /// How well outliers are told apart.
  public struct Result: EvaluationResult {
    /// Which neighbor the distance was measured to.
    public var neighbour: Int
    /// Training images that it was sought among.
    public var trainingImages: Int
    /// Test images of the known kinds.
    public var images: Int
    /// Images of other kinds.
    public var outliers: Int
    /// The area under the receiver operating characteristic: the probability that an outlier is farther away than a test
    /// image; 0.5 by chance.
    public var auroc: Double
    /// Its 95 % interval over images of both kinds, by bootstrap.
    public var aurocInterval: ConfidenceInterval
    /// The share of outliers that are accepted where the distance accepts 95 % of the test images.
    public var falsePositiveRate: Double
    /// Its 95 % interval: by bootstrap over images of both kinds, or Wilson's over outliers, at each end the farther one.
    ///
    /// The bootstrap alone would have no width where all outliers or none are accepted.
    public var falsePositiveRateInterval: ConfidenceInterval

    /// `AUROC`, and `FPR at 95 % TPR`.
    public var measures: [Measure] {
      [
        Measure(name: "AUROC", value: auroc, interval: aurocInterval),
        Measure(
          name: "FPR at 95 % TPR", value: falsePositiveRate, interval: falsePositiveRateInterval, lowerIsBetter: true),
      ]
    }
  }

  /// Measures the distances of `test` and `outliers` to `train`, whose classes do not matter.
  /// - Throws: `EvaluationDataError` where there are fewer training images than `neighbour`, or none of another kind;
  ///   `TorchError` when memory runs out.
  public func evaluate(train: LabelledFeatures, test: LabelledFeatures, outliers: LabelledFeatures) throws -> Result {
    precondition(neighbour > 0, "neighbors are counted from 1")
    for (split, images) in [("training", train), ("test", test), ("outlier", outliers)] {
      try images.check(named: split)
    }
    if neighbour > train.count { throw EvaluationDataError.tooManyNeighbours(neighbour, images: train.count) }
    let (known, unknown) = try throwingExhaustion {
      (distances(of: test, to: train), distances(of: outliers, to: train))
    }
    let ranking = DistanceRanking(known: known, unknown: unknown)
    let values = ranking.measures(
      counts: [Array(repeating: 1, count: test.count), Array(repeating: 1, count: outliers.count)])
    let intervals = ConfidenceInterval.bootstrap(
      groups: [test.count, outliers.count], seed: seed, ranking.measures(counts:))
    let accepted = ConfidenceInterval.wilson(Int((values[1] * Double(outliers.count)).rounded()), of: outliers.count)
    return Result(
      neighbour: neighbour, trainingImages: train.count, images: test.count, outliers: outliers.count, auroc: values[0],
      aurocInterval: intervals[0], falsePositiveRate: values[1],
      falsePositiveRateInterval: ConfidenceInterval(
        lower: min(intervals[1].lower, accepted.lower), upper: max(intervals[1].upper, accepted.upper)))
  }

  /// Takes classes out of the training images, and tells their test images from the other ones.
  ///
  /// - Parameter classes: Names of classes, or their numbers where they have none.
  /// - Throws: `EvaluationDataError` where there is no such class, or no image of a part remains, or as above.
  public func evaluate(
    train: LabelledFeatures, test: LabelledFeatures, outlierClasses classes: [String]
  ) throws -> Result {
    let outside = try Self.numbers(
      of: classes, among: train.labels + test.labels, names: train.classNames ?? test.classNames)
    func part(_ images: LabelledFeatures, _ name: String, where condition: (Int) -> Bool) throws -> LabelledFeatures {
      let positions = images.labels.indices.filter { condition(images.labels[$0]) }
      if positions.isEmpty { throw EvaluationDataError.nothingRemains(name, without: classes) }
      return images.subset(positions)
    }
    return try evaluate(
      train: part(train, "training images") { !outside.contains($0) },
      test: part(test, "test images") { !outside.contains($0) },
      outliers: part(test, "outliers among the test images", where: outside.contains))
  }

  /// The numbers of classes.
  ///
  /// - Parameters:
  ///   - classes: Names, or numbers where classes have no names.
  ///   - labels: Classes of images, of which they must be.
  package static func numbers(
    of classes: [String], among labels: [Int], names: [String]?
  ) throws(EvaluationDataError) -> Set<Int> {
    let present = Set(labels).sorted()
    let numbers = classes.map { name in
      present.first { label in names.flatMap { label < $0.count ? $0[label] : nil } ?? "\(label)" == name }
    }
    let missing = zip(classes, numbers).filter { $1 == nil }.map(\.0)
    guard missing.isEmpty else {
      throw .noSuchClasses(missing, known: present.map { className(of: $0, among: names) })
    }
    return Set(numbers.compactMap { $0 })
  }

  /// One minus the cosine to the `neighbour`-th nearest image of the bank.
  private func distances(of images: LabelledFeatures, to bank: LabelledFeatures) -> [Double] {
    var distances: [Double] = []
    images.forEachCosines(to: bank) { _, cosines in
      let last = cosines.largest(neighbour).values.narrowed(along: 1, from: neighbour - 1, count: 1)
      distances += last.reshaped([-1]).scalars(as: Double.self).map { 1 - $0 }
    }
    return distances
  }
}

/// Images of two kinds in the order of a distance.
struct DistanceRanking {
  /// Groups of equal distance, nearest first: the positions of known and unknown images in each.
  private var groups: [(known: [Int], unknown: [Int])] = []

  init(known: [Double], unknown: [Double]) {
    let all =
      known.enumerated().map { (distance: $1, isKnown: true, position: $0) }
      + unknown.enumerated().map { (distance: $1, isKnown: false, position: $0) }
    var last: Double?
    for image in all.sorted(by: { $0.distance < $1.distance }) {
      if image.distance != last { groups.append(([], [])) }
      last = image.distance
      if image.isKnown {
        groups[groups.count - 1].known.append(image.position)
      } else {
        groups[groups.count - 1].unknown.append(image.position)
      }
    }
  }

  /// The area under the receiver operating characteristic and the false positive rate at a true positive rate of 95 %,
  /// with each image counted some times.
  func measures(counts: [[Int]]) -> [Double] {
    let (knownTotal, unknownTotal) = (counts[0].reduce(0, +), counts[1].reduce(0, +))
    var (known, unknown) = (0, 0)
    // Twice the number of pairs in order; those of equal distance count half.
    var pairs = 0
    var accepted: Int?
    for group in groups {
      var (newKnown, newUnknown) = (0, 0)
      for position in group.known { newKnown += counts[0][position] }
      for position in group.unknown { newUnknown += counts[1][position] }
      pairs += newUnknown * (2 * known + newKnown)
      known += newKnown
      unknown += newUnknown
      if accepted == nil, known * 20 >= knownTotal * 19 { accepted = unknown }
    }
    return [
      Double(pairs) / (2 * Double(knownTotal) * Double(unknownTotal)),
      Double(accepted ?? unknownTotal) / Double(unknownTotal),
    ]
  }
}
