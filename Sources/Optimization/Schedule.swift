import Foundation

/// How a quantity such as the learning rate changes during training: a pure function of progress.
public struct Schedule: Codable, Sendable, Equatable {
  /// The shape of the curve.
  public enum Shape: String, Codable, Sendable, CaseIterable {
    /// The same value throughout.
    case constant
    /// Half a cosine from the base value to the final one.
    case cosine
    /// A straight line from the base value to the final one.
    case linear
  }

  /// How often the value changes.
  public enum Granularity: String, Codable, Sendable, CaseIterable {
    /// At the beginning of each epoch.
    case epoch
    /// At every step.
    case step
  }

  /// The shape of the curve after the warm-up.
  public var shape: Shape
  /// How often the value changes.
  public var granularity: Granularity
  /// Epochs of linear rise from zero to the base value, both included; 0 for none.
  public var warmupEpochs: Double
  /// The value at the end, as a share of the base value.
  public var finalShare: Double

  /// Makes a schedule; by default the published one of SimSiam, half a cosine to zero, changed each epoch.
  public init(
    _ shape: Shape = .cosine, granularity: Granularity = .epoch, warmupEpochs: Double = 0, finalShare: Double = 0
  ) {
    self.shape = shape
    self.granularity = granularity
    self.warmupEpochs = warmupEpochs
    self.finalShare = finalShare
  }

  /// A schedule that keeps its base value.
  public static let constant = Schedule(.constant)

  /// The factor on the base value at a position.
  ///
  /// With E epochs and no warm-up, a cosine per epoch gives ½ (1 + cos(π e / E)) at epoch e, which never reaches
  /// the final share; per step it is the same with steps for epochs. Where training has restarts, each cycle is a
  /// training of its own, and only the first one has the warm-up.
  public func factor(at progress: TrainingProgress) -> Double {
    let warmupEpochs = progress.hasRestarted ? 0 : warmupEpochs
    let progress = progress.cycle
    let scale = granularity == .epoch ? 1.0 : Double(progress.stepsPerEpoch)
    let position = granularity == .epoch ? Double(progress.epoch) : Double(progress.step)
    let warmup = warmupEpochs * scale
    if position < warmup { return warmup > 1 ? min(position / (warmup - 1), 1) : 0 }
    let share = min((position - warmup) / max(Double(progress.totalEpochs) * scale - warmup, 1), 1)
    let way =
      switch shape {
      case .constant: 0.0
      case .linear: share
      case .cosine: 0.5 * (1 - cos(.pi * share))
      }
    return 1 + (finalShare - 1) * way
  }
}
