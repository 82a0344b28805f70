/// The overhead and captured hardness of a policy, measured with one network.
public struct PolicyMeasurement: Sendable {
  /// The policy.
  public var policy: CheaperPolicy
  /// Seconds of a step with it, rendering and its share of the audits included.
  public var stepSeconds: Double
  /// The same of plain training.
  public var plainSeconds: Double
  /// How much hardness it captures.
  public var captured: CapturedHardness

  /// Puts together what was measured.
  /// - Parameters:
  ///   - selectionSeconds: What selecting and rendering take beyond the rendering of plain training.
  ///   - auditSeconds: What one audit takes, for ways that cannot do without.
  init(
    policy: CheaperPolicy, plainSeconds: Double, selectionSeconds: Double, auditSeconds: Double,
    captured: CapturedHardness
  ) {
    let interval = policy.selection.auditEverySteps
    self.policy = policy
    self.plainSeconds = plainSeconds
    self.captured = captured
    stepSeconds = plainSeconds + max(0, selectionSeconds) + (interval > 0 ? auditSeconds / Double(interval) : 0)
  }

  /// A step's time as a multiple of a plain step's.
  public var overhead: Double { stepSeconds / plainSeconds }

  /// The image-specific hardness that it captures as a share of what exact selection captures; nil where all choices
  /// are equally hard.
  public var keptShare: Double? {
    guard let image = captured.imageSpecific, let exact = captured.exactImageSpecific, exact > 0 else { return nil }
    return image / exact
  }

  /// The accuracy that it is expected to gain as a share of what exact selection gains: the hardness that it keeps, and
  /// what calm targets gained by themselves; nil where all choices are equally hard.
  public var expectedGain: Double? {
    keptShare.map { $0 + (policy.selection.targets == .mean ? PolicyChoice.gainOfCalmTargets : 0) }
  }

  /// The same for a share of the images alone: cost and hardness in proportion.
  func limited(to share: Double) -> PolicyMeasurement {
    var limited = self
    limited.policy = policy.limited(to: share)
    limited.stepSeconds = plainSeconds + share * (stepSeconds - plainSeconds)
    limited.captured = captured.diluted(to: share)
    return limited
  }
}

/// Which of several policies to take.
public enum PolicyChoice {
  /// The share of exact selection's gain that counts as keeping it.
  public static let wantedShare = 0.9
  /// What a random pair gained that predicts the mean of all views' targets, as a share of exact selection's gain: 0.77 of
  /// 1.80 points for BYOL (six pairs; Documentation/HardViewsForLess.md).
  public static let gainOfCalmTargets = 0.4

  /// The cheapest policy that keeps the gain; where none does within `budget`, the one that keeps most of it within the
  /// budget, if need be for a share of the images.
  ///
  /// - Parameters:
  ///   - measurements: At least one.
  ///   - budget: A step's time as a multiple of a plain step's, at most; nil for as long as it takes.
  public static func best(of measurements: [PolicyMeasurement], budget: Double? = nil) -> PolicyMeasurement {
    let limit = budget ?? .infinity
    let keeping = measurements.filter { ($0.expectedGain ?? 0) >= wantedShare && $0.overhead <= limit }
    if let cheapest = keeping.min(by: { $0.overhead < $1.overhead }) { return cheapest }
    let affordable = measurements.map { measurement in
      measurement.overhead <= limit || measurement.overhead <= 1
        ? measurement : measurement.limited(to: max(0, (limit - 1) / (measurement.overhead - 1)))
    }
    return affordable.max { ($0.expectedGain ?? 0) < ($1.expectedGain ?? 0) }!
  }
}
