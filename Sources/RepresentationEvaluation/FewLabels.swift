import Foundation
import Statistics
import Torch
import Views

/// Classification when only few of the training images have labels.
///
/// For each amount of labels, images of every class are drawn several times; a classifier learns from them and is measured
/// on all test images. Features are centered on the mean of the drawn ones and scaled to length 1 (Wang et al. 2019,
/// arXiv 1911.04623).
public struct FewLabels: FeatureProtocol, Equatable {
  /// `few-labels`.
  public static let name = "few-labels"
  /// The first version.
  public static let version = 1

  /// What learns from the drawn images.
  public enum Classifier: String, Codable, Sendable, CaseIterable {
    /// Logistic regression with an L2 penalty.
    case logistic
    /// The votes of `NearestNeighbours`.
    case knn
  }

  /// Shares of the images of each class, above 0 and at most 1; at least one image of each class is drawn.
  public var shares = [0.01, 0.1]
  /// Numbers of images of each class.
  public var perClass = [1, 5, 10]
  /// How many times images are drawn, each time others.
  public var draws = 5
  /// What learns from them.
  public var classifier = Classifier.logistic
  /// The inverse strength of the penalty of `logistic`, scikit-learn's C.
  public var inverseRegularization = 10.0
  /// How many of the drawn images vote in `knn`, all of them where they are fewer.
  public var neighbours = 5
  /// Decides which images are drawn.
  public var seed: UInt64 = 0

  /// The usual amounts.
  public init() {}

  /// The accuracy with the first amount, shares first.
  public var mainMeasure: String? {
    shares.first.map(Self.amount(share:)) ?? perClass.first.map(Self.amount(perClass:))
  }

  private static func amount(share: Double) -> String { "\(percentage(share)) % of labels" }

  private static func amount(perClass count: Int) -> String { "\(count) \(count == 1 ? "label" : "labels") per class" }

  /// Accuracies, one for each amount, shares first.
  public struct Result: EvaluationResult {
    /// The accuracies.
    public var amounts: [Amount]
    /// `1 % of labels`, `5 labels per class` and so on, each the mean of the draws.
    public var measures: [Measure] {
      amounts.map { Measure(name: $0.labels, value: $0.top1, interval: $0.interval) }
    }
  }

  /// The accuracy with one amount of labels.
  public struct Amount: Codable, Sendable {
    /// The amount in words, such as `1 % of labels`.
    public var labels: String
    /// How many images are drawn each time.
    public var images: Int
    /// The mean top-1 accuracy of the draws.
    public var top1: Double
    /// The 95 % interval of the mean over test images, by bootstrap; the draws stay as they are.
    public var interval: ConfidenceInterval
    /// The standard deviation of the accuracy from draw to draw; absent where there is one.
    public var standardDeviation: Double?
    /// The top-1 accuracy of each draw.
    public var draws: [Double]
  }

  /// Accuracies on `test` from few labels of `train`.
  /// - Throws: `EvaluationDataError` where a class has fewer images than are to be drawn, or accuracy means nothing;
  ///   `TorchError` when memory runs out.
  public func evaluate(train: LabelledFeatures, test: LabelledFeatures) throws -> Result {
    precondition(draws > 0 && shares.allSatisfy { 0 < $0 && $0 <= 1 } && perClass.allSatisfy { $0 > 0 })
    try train.check(against: test)
    try check(labels: train.labels, classNames: train.classNames)
    let classes = Dictionary(grouping: train.labels) { $0 }
    return try throwingExhaustion {
      Result(
        amounts: try shares.map { share in
          try measure(Self.amount(share: share), train: train, test: test) { label in
            max(1, Int((share * Double(classes[label]!.count)).rounded()))
          }
        }
          + perClass.map { count in
            try measure(Self.amount(perClass: count), train: train, test: test) { _ in count }
          })
    }
  }

  /// Throws where a class has fewer images than are to be drawn.
  package func check(labels: [Int], classNames: [String]?) throws(EvaluationDataError) {
    guard let most = perClass.max() else { return }
    let scarce = Dictionary(grouping: labels) { $0 }.mapValues(\.count).filter { $0.value < most }
    guard scarce.isEmpty else {
      throw .scarceClasses(
        scarce.sorted { $0.key < $1.key }.map {
          .init(name: className(of: $0.key, among: classNames), images: $0.value)
        },
        needed: most)
    }
  }

  /// This protocol with only those numbers of images that every class of `train` has.
  public func fitting(_ train: LabelledFeatures) -> FewLabels {
    var fitting = self
    let least = Dictionary(grouping: train.labels) { $0 }.values.map(\.count).min() ?? 0
    fitting.perClass = perClass.filter { $0 <= least }
    return fitting
  }

  private func measure(
    _ labels: String, train: LabelledFeatures, test: LabelledFeatures, count: (Int) -> Int
  ) throws -> Amount {
    var correctness = Array(repeating: 0.0, count: test.count)
    var accuracies: [Double] = []
    var images = 0
    for draw in 0..<draws {
      let drawn = train.subset(Self.draw(draw, of: train.labels, seed: seed, count: count))
      images = drawn.count
      let outcomes = try outcomes(of: test, learningFrom: drawn)
      accuracies.append(Accuracy(outcomes).top1)
      for (image, isRight) in outcomes.correctness.enumerated() { correctness[image] += isRight / Double(draws) }
    }
    let mean = accuracies.reduce(0, +) / Double(draws)
    let squares = accuracies.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return Amount(
      labels: labels, images: images, top1: mean, interval: .bootstrap(meanOf: correctness, seed: seed),
      standardDeviation: draws > 1 ? (squares / Double(draws - 1)).squareRoot() : nil, draws: accuracies)
  }

  private func outcomes(of test: LabelledFeatures, learningFrom drawn: LabelledFeatures) throws -> Outcomes {
    let mean = drawn.features.mean(along: 0, keepingDimensions: true)
    var (drawn, test) = (drawn, test)
    drawn.features = (drawn.features - mean).normalized()
    test.features = (test.features - mean).normalized()
    switch classifier {
    case .knn:
      var nearest = NearestNeighbours()
      nearest.neighbours = [min(neighbours, drawn.count)]
      return try nearest.outcomes(train: drawn, test: test)[0]
    case .logistic:
      let classes = (drawn.labels + test.labels).max()! + 1
      let classifier = LogisticRegression(inverseRegularization: inverseRegularization)
        .fit(drawn.features, labels: drawn.labels, classes: classes)
      return Outcomes(scores: classifier.scores(of: test.features), labels: test.labels)
    }
  }

  /// Positions of the images of one draw, in rising order; larger amounts of the same draw contain the smaller ones.
  package static func draw(_ draw: Int, of labels: [Int], seed: UInt64, count: (Int) -> Int) -> [Int] {
    Dictionary(grouping: labels.indices) { labels[$0] }.flatMap { label, members in
      var random = ViewRandom(seed: seed, epoch: draw, sample: label, view: 0, stream: RandomStream.fewLabels)
      return random.permutation(of: members.count).prefix(count(label)).map { members[$0] }
    }.sorted()
  }
}

/// A share in percent, such as 1 or 0.5.
package func percentage(_ share: Double) -> String { String(format: "%g", share * 100) }
