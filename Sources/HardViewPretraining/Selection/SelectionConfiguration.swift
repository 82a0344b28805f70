import NeuralNetworks
import Torch

/// How the trained views are chosen; the `selection` section of a configuration.
public struct SelectionConfiguration: Codable, Sendable, Equatable {
  /// The rule of choice.
  public enum Policy: String, Codable, Sendable, CaseIterable {
    /// The choice with the highest loss: hard-view pretraining.
    case hardest
    /// The choice with the lowest loss.
    case easiest
    /// A random choice among all drawn views.
    case random
    /// The hardest choice that contains the first view.
    case anchor
    /// As many views as the loss takes and no selection pass: plain pretraining.
    case none
  }

  /// The rule of choice.
  public var policy = Policy.hardest
  /// Views drawn for each image (the paper's N); ignored by `none`.
  public var candidates = 4
  /// What batch normalization does during the scoring pass; `train` as published.
  public var phase = Phase.train

  /// The published setting: the hardest of four views.
  public init() {}

  /// Views to draw for a method that trains on `used` of them.
  public func candidateCount(used: Int) -> Int {
    policy == .none ? used : candidates
  }

  /// The rule as a scorer and a selector.
  public func makeHardViews(dtype: DType) -> HardViews {
    let selector: any ViewSelector =
      switch policy {
      case .hardest: Hardest()
      case .easiest: Easiest()
      case .random, .none: UniformChoice()
      case .anchor: Anchor()
      }
    return HardViews(scorer: LossScorer(phase: phase, dtype: dtype), selector: selector)
  }
}
