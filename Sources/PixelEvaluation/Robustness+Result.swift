import Corruptions
import RepresentationEvaluation
import Statistics

extension Robustness {
  /// What an encoder gets wrong under corruptions.
  public struct Result: EvaluationResult {
    /// Accuracy on the same test images, not corrupted.
    public var clean: Accuracy
    /// Whose constants the images were corrupted with.
    public var scale: CorruptionScale
    /// The corruptions, in the order asked.
    public var corruptions: [CorruptionErrors]
    /// The mean over corruptions of the mean error over severities.
    public var meanCorruptionError: Double
    /// The 95 % interval of that over test images, by bootstrap.
    public var interval: ConfidenceInterval
    /// The same in shares of a baseline's errors; absent where there is no baseline.
    public var relative: RelativeErrors?
    /// Corruptions that are not made as published, so that their errors cannot be compared with published figures.
    public var notAsPublished: [Corruption]

    /// The mean corruption error, its share of a baseline's, and the clean accuracy.
    public var measures: [Measure] {
      var measures = [
        Measure(
          name: "mean corruption error", value: meanCorruptionError, interval: interval, lowerIsBetter: true),
        Measure(name: "clean accuracy", value: clean.top1, interval: clean.top1Interval),
      ]
      if let relative {
        measures.append(
          Measure(
            name: "mCE against \(relative.baseline)", value: relative.meanCorruptionError, interval: relative.interval,
            lowerIsBetter: true))
      }
      return measures
    }
  }

  /// Errors in shares of a baseline's, as published.
  public struct RelativeErrors: Codable, Sendable, Equatable {
    /// The baseline in words.
    public var baseline: String
    /// mCE: the mean over corruptions of error divided by the baseline's error.
    public var meanCorruptionError: Double
    /// Its 95 % interval over test images, by bootstrap; the baseline's errors stay as they are.
    public var interval: ConfidenceInterval
    /// Relative mCE: the mean over corruptions of how much the error rises above that on clean images, divided by how much
    /// the baseline's does; absent where the baseline's does not rise.
    public var relativeMeanCorruptionError: Double?
  }
}

/// What an encoder gets wrong under one corruption.
public struct CorruptionErrors: Codable, Sendable, Equatable {
  /// The error at one severity.
  public struct Severity: Codable, Sendable, Equatable {
    /// The severity, from 1 to 5.
    public var severity: Int
    /// The share of images whose class is not the best guess.
    public var error: Double
    /// Its 95 % interval over test images, Wilson's.
    public var interval: ConfidenceInterval
  }

  /// The corruption.
  public var corruption: Corruption
  /// Its severities, in the order asked.
  public var severities: [Severity]
  /// The mean error over severities.
  public var error: Double
  /// The 95 % interval of the mean over test images, by bootstrap.
  public var interval: ConfidenceInterval
  /// CE: the error divided by the baseline's; absent where there is no baseline.
  public var relativeToBaseline: Double?

  /// - Parameter wrong: For each severity 1 for every image that was guessed wrong, else 0.
  init(
    _ corruption: Corruption, severities: [Int], wrong: [[Double]], seed: UInt64, baseline: Robustness.Baseline?
  ) {
    self.corruption = corruption
    self.severities = zip(severities, wrong).map { severity, wrong in
      let count = Int(wrong.reduce(0, +))
      return Severity(
        severity: severity, error: Double(count) / Double(wrong.count), interval: .wilson(count, of: wrong.count))
    }
    let means = imageMeans(wrong, weights: wrong.map { _ in 1 / Double(wrong.count) })
    error = means.reduce(0, +) / Double(means.count)
    interval = .bootstrap(meanOf: means, seed: seed)
    relativeToBaseline = baseline?.error(under: corruption).map { [error] in error / $0 }
  }
}

extension Robustness.Result {
  /// - Parameter wrong: For each corruption and severity 1 for every image that was guessed wrong, else 0.
  init(
    clean: Accuracy, scale: CorruptionScale, corruptions: [CorruptionErrors], wrong: [[[Double]]],
    baseline: Robustness.Baseline?, seed: UInt64
  ) {
    self.clean = clean
    self.scale = scale
    self.corruptions = corruptions
    let count = Double(corruptions.count)
    /// Of each image, the mean over corruptions of so many times the mean over severities.
    func means(_ factor: (Corruption) -> Double) -> [Double] {
      let weighted = zip(corruptions, wrong).map { errors, wrong in
        imageMeans(
          wrong, weights: wrong.map { _ in factor(errors.corruption) / Double(wrong.count) / count })
      }
      return imageMeans(weighted, weights: weighted.map { _ in 1 })
    }
    let plain = means { _ in 1 }
    meanCorruptionError = plain.reduce(0, +) / Double(plain.count)
    interval = .bootstrap(meanOf: plain, seed: seed)
    notAsPublished = corruptions.map(\.corruption).filter { !$0.isAsPublished }
    relative = baseline.map { baseline in
      let shares = means { 1 / baseline.error(under: $0)! }
      let rises = corruptions.map { errors in
        (own: errors.error - (1 - clean.top1), base: baseline.error(under: errors.corruption)! - baseline.cleanError)
      }
      return Robustness.RelativeErrors(
        baseline: baseline.name, meanCorruptionError: shares.reduce(0, +) / Double(shares.count),
        interval: .bootstrap(meanOf: shares, seed: seed),
        relativeMeanCorruptionError: rises.allSatisfy { $0.base > 0 }
          ? rises.reduce(0) { $0 + $1.own / $1.base } / count : nil)
    }
  }
}

/// For each image the weighted sum of its values in several rows.
private func imageMeans(_ rows: [[Double]], weights: [Double]) -> [Double] {
  var sums = [Double](repeating: 0, count: rows[0].count)
  for (row, weight) in zip(rows, weights) {
    for (image, value) in row.enumerated() { sums[image] += weight * value }
  }
  return sums
}
