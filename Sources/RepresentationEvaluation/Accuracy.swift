import Statistics
import Torch

/// Shares of images whose class is the best guess, and among the five best guesses.
public struct Accuracy: Codable, Sendable, Equatable {
  /// How many images were guessed, at least one.
  public var images: Int
  /// Share whose class has the highest score.
  public var top1: Double
  /// Share whose class is among the five highest scores (fewer when there are fewer classes).
  public var top5: Double
  /// The 95 % interval of `top1` over images, Wilson's.
  public var top1Interval: ConfidenceInterval
  /// The 95 % interval of `top5` over images, Wilson's.
  public var top5Interval: ConfidenceInterval
  /// `top1` where each class counts alike, however many images it has; absent where labels were not at hand.
  public var classMean: ClassMean?

  /// The mean over classes of the share of their images whose class has the highest score.
  public struct ClassMean: Codable, Sendable, Equatable {
    /// The mean.
    public var value: Double
    /// Its 95 % interval by bootstrap, the images of each class resampled on their own.
    public var interval: ConfidenceInterval

    init(_ outcomes: Outcomes, labels: [Int]) {
      let members = Dictionary(grouping: labels.indices) { labels[$0] }.sorted { $0.key < $1.key }.map(\.value)
      let correctness = outcomes.correctness
      func mean(_ counts: [[Int]]) -> Double {
        var sum = 0.0
        for (members, counts) in zip(members, counts) {
          var hits = 0.0
          for (member, count) in zip(members, counts) { hits += Double(count) * correctness[member] }
          sum += hits / Double(members.count)
        }
        return sum / Double(members.count)
      }
      value = mean(members.map { Array(repeating: 1, count: $0.count) })
      interval = ConfidenceInterval.bootstrap(groups: members.map(\.count), seed: 0) { [mean($0)] }[0]
    }
  }

  /// Counts images, and classes alike.
  init(_ outcomes: Outcomes, labels: [Int]) {
    self.init(outcomes)
    classMean = ClassMean(outcomes, labels: labels)
  }

  /// Counts images.
  public init(_ outcomes: Outcomes) {
    images = outcomes.places.count
    let (first, fifth) = (outcomes.places.count { $0 == 1 }, outcomes.places.count { $0 != nil })
    top1 = Double(first) / Double(images)
    top5 = Double(fifth) / Double(images)
    top1Interval = .wilson(first, of: images)
    top5Interval = .wilson(fifth, of: images)
  }

  /// `top1` as a named measure.
  func measure(_ name: String) -> Measure { Measure(name: name, value: top1, interval: top1Interval) }
}

/// How each test image was guessed: the place of its class among the five best guesses.
///
/// Encoded as a text of one character an image: its place, `1` to `5`, or `-`.
public struct Outcomes: Codable, Sendable, Equatable {
  /// For each image the place of its class, 1 to 5; nil where five classes have higher scores.
  public var places: [Int?]

  /// Outcomes from places.
  public init(places: [Int?]) {
    self.places = places
  }

  /// Ranks classes by scores `[images, classes]`; of equal scores the lower class comes first.
  ///
  /// - Parameter floor: A class whose score is not above it is never a guess.
  init(scores: Tensor, labels: [Int], floor: Double = -.infinity) {
    let own = scores.gathering(Tensor(labels).reshaped([-1, 1]), along: 1)
    // Scores that are NaN or infinite are never right.
    let isGuess = own.isFinite().converted(to: .float32) * (own .> floor).converted(to: .float32)
    let better = ((scores - own) .> 0).converted(to: .float32).sum(along: 1, keepingDimensions: true)
    let classes = Tensor.range(scores.shape[1]).converted(to: .float32)
    let isLower = ((classes - Tensor(labels).converted(to: .float32).reshaped([-1, 1])) .< 0).converted(to: .float32)
    let equal = ((scores .== own).converted(to: .float32) * isLower).sum(along: 1, keepingDimensions: true)
    let place = (better + equal + 1.0) * isGuess
    places = place.reshaped([-1]).scalars(as: Double.self).map { (1...5).contains($0) ? Int($0) : nil }
  }

  /// Reads the text.
  public init(from decoder: any Decoder) throws {
    places = try decoder.singleValueContainer().decode(String.self).map(\.wholeNumberValue)
  }

  /// Writes the text.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(places.map { $0.map(String.init) ?? "-" }.joined())
  }

  /// 1 for each image whose class is the best guess, else 0.
  var correctness: [Double] { places.map { $0 == 1 ? 1 : 0 } }
}
