import Torch

/// Shares of images whose class is the best guess, and among the five best guesses.
public struct Accuracy: Codable, Sendable, Equatable {
  /// Share whose class has the highest score.
  public var top1: Double
  /// Share whose class is among the five highest scores (fewer when there are fewer classes).
  public var top5: Double

  /// Two shares from 0 to 1.
  public init(top1: Double, top5: Double) {
    self.top1 = top1
    self.top5 = top5
  }

  /// Counts from scores `[images, classes]`.
  init(scores: Tensor, labels: [Int]) {
    let hits = Self.hits(scores: scores, labels: labels)
    top1 = Double(hits.top1) / Double(labels.count)
    top5 = Double(hits.top5) / Double(labels.count)
  }

  /// Images whose class is first, and among the first five, by scores `[images, classes]`.
  static func hits(scores: Tensor, labels: [Int]) -> (top1: Int, top5: Int) {
    let guesses = min(5, scores.shape[1])
    let best = scores.largest(guesses).indices.scalars(as: Int.self)
    var top1 = 0
    var top5 = 0
    for (image, label) in labels.enumerated() {
      let row = best[image * guesses..<(image + 1) * guesses]
      if row.first == label { top1 += 1 }
      if row.contains(label) { top5 += 1 }
    }
    return (top1, top5)
  }
}
