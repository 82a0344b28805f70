import Foundation
import ImageData
import RunConfiguration
import RunRecords
import ViewRecords

/// How often images are drawn by what an earlier run recorded of them; the `data.weights` section.
public struct ImageWeights: Codable, Sendable, Equatable {
  /// The folder of a run whose records say how hard images are; empty for none.
  public var run = ""
  /// How much more often hard images are drawn; below 0 easy images are, 0 draws every image once.
  ///
  /// An image that is harder than the mean by one standard deviation is drawn exp(strength) times as often as a mean one.
  public var strength = 0.0

  /// Every image once.
  public init() {}

  /// Standings are taken to be within so many standard deviations of the mean.
  private static let limit = 2.0

  /// Throws where a value makes no sense.
  func check() throws(ConfigurationError) {
    guard (-5...5).contains(strength) else {
      throw ConfigurationError(
        path: "data.weights.strength", problem: .invalid("must be from -5 to 5, not \(strength)"))
    }
    guard strength == 0 || !run.isEmpty else {
      throw ConfigurationError(
        path: "data.weights.run",
        problem: .invalid("must name the run whose records say which images are hard, since strength is \(strength)"))
    }
  }

  /// A weight for each image of a dataset, and how many of them are known; nil where every image is drawn once.
  ///
  /// Images without a standing (`ImageStanding`) have the weight of a mean one.
  /// - Throws: `RecordError` where the run cannot be read; `ConfigurationError` where it knows none of the images.
  func weights(of dataset: any ImageDataset) throws -> (weights: [Double], known: Int)? {
    guard strength != 0 else { return nil }
    let ledger = try RecordedViews(of: RunDirectory.open(at: run)).tables().database.ledger()
    let pairs = ledger.compactMap { image in image.standing.map { (image.name, $0) } }
    let standings = Dictionary(pairs) { first, _ in first }
    let own = (0..<dataset.count).map { standings[dataset.name(at: $0)] }
    let known = own.compactMap { $0 }
    guard !known.isEmpty else {
      throw ConfigurationError(
        path: "data.weights.run",
        problem: .invalid(
          "is \(run), which recorded how hard \(standings.count) images are, none of which is among the \(dataset.count) "
            + "images here"))
    }
    let mean = known.reduce(0, +) / Double(known.count)
    let deviation = (known.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(known.count)).squareRoot()
    let weights = own.map { standing in
      guard let standing, deviation > 0 else { return 1.0 }
      return exp(strength * min(max((standing - mean) / deviation, -Self.limit), Self.limit))
    }
    return (weights, known.count)
  }
}
