import Foundation
import RepresentationEvaluation
import Torch

/// Whether an embedding still tells images apart.
public struct EmbeddingHealth: Sendable, Equatable {
  /// Standard deviation over the batch of the embedding scaled to length one, times √width: 1 when spread evenly, 0 when
  /// collapsed to a point (SimSiam, section 4.1).
  public let deviation: Double
  /// Effective rank: the exponential of the entropy of the normalized singular values, of at most 256 images (RankMe,
  /// arXiv 2210.02885).
  ///
  /// 1 when all images lie on a line through the origin.
  public let rank: Double

  /// Measures an embedding of shape `[batch, width]`.
  public init(of embedding: Tensor) {
    let normalized = withoutGradients {
      embedding.detached().moved(to: .cpu).converted(to: .float32).normalized()
    }
    deviation = normalized.standardDeviation(along: 0).mean().number * Double(normalized.shape[1]).squareRoot()
    rank = EmbeddingGeometry.effectiveRank(
      of: normalized.narrowed(along: 0, from: 0, count: min(normalized.shape[0], 256)))
  }

  init(deviation: Double, rank: Double) {
    self.deviation = deviation
    self.rank = rank
  }

  /// Whether it has collapsed by the limits of a configuration.
  func isCollapsed(by limits: SafetyConfiguration) -> Bool {
    // Written so that NaN counts as collapsed.
    !(deviation >= limits.deviationFloor && rank >= limits.rankFloor)
  }
}

/// The embedding is the same for all images.
public struct CollapseError: Error, CustomStringConvertible {
  /// The epoch, from 0.
  public let epoch: Int
  /// The step within the epoch, from 0.
  public let step: Int
  /// The symptom.
  public let health: EmbeddingHealth

  var message: String {
    "The embedding collapsed in epoch \(epoch + 1), step \(step + 1): its standard deviation is "
      + String(format: "%.3f (healthy is near 1) and its effective rank %.1f. ", health.deviation, health.rank)
      + "What it has learned is probably lost; the last checkpoint was written before."
  }

  var advice: String {
    "Try a lower optimizer.learning_rate, a larger training.batch_size, stronger but not harder views "
      + "(selection.overlap_floor=0.1, selection.share.start=0 so that hard views come in slowly), or for DINO and iBOT a lower "
      + "method.teacher_temperature"
  }

  /// One paragraph: what was seen, what is safe, what to try.
  public var description: String {
    "\(message) \(advice). safety.collapse says whether training stops or warns."
  }
}
