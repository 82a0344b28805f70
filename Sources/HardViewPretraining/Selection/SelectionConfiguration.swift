import NeuralNetworks
import Torch

/// How the trained views are chosen; the `selection` section of a configuration.
public struct SelectionConfiguration: Codable, Sendable, Equatable {
  /// The rule of choice.
  public var policy = SelectionPolicy.hardest
  /// Global views drawn for each image (the paper's N), shared equally among their groups; ignored by `none`.
  public var candidates = 4
  /// Local views drawn for each image and group; 0 draws as many as are trained on.
  public var localCandidates = 0
  /// What batch normalization does during the scoring pass; `train` as published.
  public var phase = Phase.train
  /// Choices whose global views overlap less (intersection over union, 0 to 1) are avoided; 0 allows everything.
  public var overlapFloor = 0.0
  /// Rank only so many choices, drawn at random for each batch, as the published DINO (64); 0 ranks all.
  public var limit = 0
  /// How many of the hardest choices `among_hardest` draws from.
  public var amongHardest = 2
  /// How far from the hardest `softmax` strays, in standard deviations of an image's scores.
  public var temperature = 1.0
  /// The stage of the backbone whose features `least_similar` compares, from 1; 0 compares those of the stem.
  public var featureStage = 1
  /// The limit of `overlap_threshold`.
  public var threshold = OverlapThreshold.Limit()
  /// Views are selected at every so many steps; in between, random ones are trained on.
  public var everySteps = 1
  /// The share of training, 0 to 1, at which selection begins.
  public var from = 0.0
  /// The share of training, 0 to 1, at which selection ends.
  public var until = 1.0
  /// The share of the images whose views are selected, from `start` to `end` of that time; the others take random views.
  public var share = Ramp(from: 1, to: 1)
  /// How candidates are scored, where that is to cost less than a full pass.
  public var scoring = ScoringConfiguration()
  /// Views drawn for each image, of which a model of geometry and colour keeps `candidates` before any is rendered; 0
  /// draws `candidates`.
  public var drawn = 0
  /// Every so many steps all drawn views are scored exactly, to log how much hardness the policy captures and to teach
  /// the model of geometry and colour; 0 never.
  public var auditEverySteps = 0
  /// Chooses how to select by itself: the cheapest way that keeps 90 % of the image-specific hardness of exact selection
  /// while a step takes at most so many times as long as a plain one, such as 1.15; 0 leaves the choice to the keys above.
  public var budget = 0.0

  /// The published setting: the hardest of four views.
  public init() {}

  /// The candidates in each group of a plan.
  public func poolSizes(for plan: ViewPlan) -> [Int] {
    plan.groups.map { group in
      guard policy != .none else { return group.used }
      if group.isLocal { return localCandidates == 0 ? group.used : localCandidates }
      return candidates * group.used / plan.globalSlotCount
    }
  }

  /// The choices for a plan.
  ///
  /// Where all candidates are trained on there is only one.
  public func space(for plan: ViewPlan) -> CandidateSpace {
    let sizes = poolSizes(for: plan)
    guard policy.trainsOnAll else { return CandidateSpace(plan: plan, poolSizes: sizes) }
    let groups = zip(plan.groups, sizes).map { ViewGroup($0.name, used: $1, isLocal: $0.isLocal) }
    return CandidateSpace(plan: ViewPlan(groups), poolSizes: sizes)
  }

  /// The choices that all drawn views would give, and those that exact selection among `candidates` of them would have.
  ///
  /// Both are the space itself where no views are dropped before they are rendered.
  func auditSpaces(for plan: ViewPlan) -> (all: CandidateSpace, reference: CandidateSpace) {
    let sizes = policy.trainsOnAll ? [candidates] : poolSizes(for: plan)
    guard dropsViews else {
      let space = CandidateSpace(plan: plan, poolSizes: sizes)
      return (space, space)
    }
    return (
      CandidateSpace(plan: plan, poolSizes: [drawn]),
      CandidateSpace(plan: plan, poolSizes: [min(drawn, max(candidates, 4))])
    )
  }

  /// Whether a model of geometry and colour drops views before they are rendered.
  var dropsViews: Bool { drawn > candidates && policy != .none }

  /// The rule as a scorer and a selector.
  public func makeHardViews(dtype: DType) -> HardViews {
    let scoringType = scoring.precision.dtype(besides: dtype)
    let isInt8 = scoring.precision == .int8
    let phase = isInt8 ? .evaluate : phase
    let eligibility = Eligibility(overlapFloor: overlapFloor, limit: limit, keepsFirstView: policy == .anchor)
    let selector: any ViewSelector =
      switch policy {
      case .hardest, .anchor, .leastOverlap, .leastSimilar: Hardest(eligibility)
      case .easiest: Easiest(eligibility)
      case .amongHardest: AmongHardest(amongHardest, eligibility: eligibility)
      case .softmax: SoftmaxSampling(temperature: temperature, eligibility: eligibility)
      case .overlapThreshold: OverlapThreshold(threshold)
      case .random, .all, .hardestPairs, .randomPairs, .none: UniformChoice()
      }
    let scorer: any ViewScorer =
      switch policy {
      case .leastOverlap: OverlapScorer()
      case .leastSimilar: FeatureScorer(stage: featureStage, phase: phase, dtype: scoringType, isInt8: isInt8)
      default: LossScorer(phase: phase, dtype: scoringType, isInt8: isInt8)
      }
    let times = SelectionTimes(everySteps: everySteps, from: from, until: until, share: share)
    let pairing: Pairing? =
      switch policy {
      case .hardestPairs: Pairing(takesHardest: true)
      case .randomPairs: Pairing(takesHardest: false)
      default: nil
      }
    return HardViews(scorer: scorer, selector: selector, times: times, pairing: pairing)
  }

  /// The defaults with what an automatic choice leaves open.
  private static func automatic(budget: Double, like other: SelectionConfiguration) -> SelectionConfiguration {
    var selection = SelectionConfiguration()
    selection.budget = budget
    (selection.candidates, selection.localCandidates) = (other.candidates, other.localCandidates)
    selection.auditEverySteps = other.auditEverySteps
    return selection
  }

  /// The first value that makes no sense for a plan and backbone, as its key within the section and the reason.
  func problem(for plan: ViewPlan, backbone: BackboneConfiguration, device: DeviceChoice = .cpu)
    -> MethodProblem?
  {
    let globals = plan.groups.filter { !$0.isLocal }
    let slots = plan.globalSlotCount
    if policy != .none && candidates < slots {
      return MethodProblem(
        "candidates", "must be at least \(slots), because the loss relates \(slots) views, not \(candidates)")
    }
    if policy != .none, let group = globals.first(where: { candidates * $0.used % slots != 0 }) {
      return MethodProblem(
        "candidates",
        "is \(candidates), which \(globals.map(\.name).joined(separator: " and ")) cannot share in proportion to the "
          + "\(slots) views trained on (\(group.used) of them \(group.name)); take a multiple of \(slots)")
    }
    if let group = plan.groups.first(where: { $0.isLocal && localCandidates != 0 && localCandidates < $0.used }),
      policy != .none
    {
      return MethodProblem(
        "local_candidates",
        "is \(localCandidates), but \(group.used) views of group '\(group.name)' are trained on (views.groups."
          + "\(group.name).count); draw at least as many, or 0 for just these")
    }
    if !(0..<1).contains(overlapFloor) {
      return MethodProblem("overlap_floor", "must be from 0 up to 1, not \(overlapFloor)")
    }
    if limit < 0 { return MethodProblem("limit", "must be 0 (rank every choice) or more, not \(limit)") }
    if amongHardest < 1 { return MethodProblem("among_hardest", "must be at least 1, not \(amongHardest)") }
    if !(temperature > 0) { return MethodProblem("temperature", "must be above 0, not \(temperature)") }
    let stages = backbone.stageCount
    if !(0...stages).contains(featureStage) {
      return MethodProblem(
        "feature_stage", "must be from 0 to \(stages) for \(backbone.name.rawValue), not \(featureStage)")
    }
    if everySteps < 1 { return MethodProblem("every_steps", "must be at least 1, not \(everySteps)") }
    if !(0.1...1).contains(scoring.scale) {
      return MethodProblem("scoring.scale", "must be from 0.1 to 1 (as trained), not \(scoring.scale)")
    }
    if scoring.precision == .int8, let reason = Self.reasonAgainstInt8(backbone, device) {
      return MethodProblem("scoring.precision", "is int8, \(reason); take bf16 or same")
    }
    if drawn != 0 {
      if drawn < candidates {
        return MethodProblem("drawn", "must be 0 or at least the \(candidates) candidates kept, not \(drawn)")
      }
      if plan.groups.count > 1 || plan.slotCount != 2 {
        return MethodProblem(
          "drawn",
          "is for methods with two views of one group; \(plan.groups.map(\.name).joined(separator: ", ")) are more")
      }
      if dropsViews && auditEverySteps == 0 {
        return MethodProblem(
          "audit_every_steps",
          "must be set where views are drawn to be dropped, since audits teach what to drop; try 50")
      }
    }
    if budget != 0 {
      if !(budget >= 1) {
        return MethodProblem("budget", "must be 0 (off) or at least 1 (a plain step), not \(budget)")
      }
      if self != Self.automatic(budget: budget, like: self) {
        return MethodProblem(
          "budget", "chooses policy, phase, scoring, drawn and share by itself; leave them as they are by default")
      }
    }
    if auditEverySteps < 0 {
      return MethodProblem("audit_every_steps", "must be 0 (never) or more, not \(auditEverySteps)")
    }
    if policy.pairsViews, plan != ViewPlan(plan.groups.map { ViewGroup($0.name, used: 2) }) || plan.groups.count != 1 {
      return MethodProblem("policy", "\(policy.rawValue) is for methods with two views of one group")
    }
    if policy.pairsViews, !candidates.isMultiple(of: 2) || candidates > 8 {
      return MethodProblem(
        "candidates", "must be 2, 4, 6 or 8 for \(policy.rawValue), which divides them into pairs, not \(candidates)")
    }
    if !(from >= 0 && from < until && until <= 1) {
      return MethodProblem("from", "must lie before 'until', both between 0 and 1, not \(from) and \(until)")
    }
    for (key, value) in [
      ("share.start", share.start), ("share.end", share.end), ("threshold.start", threshold.start),
      ("threshold.end", threshold.end), ("threshold.random_share", threshold.randomShare),
    ] where !(0...1).contains(value) {
      return MethodProblem(key, "must be between 0 and 1, not \(value)")
    }
    let count = space(for: plan).count
    if policy.listsChoices, limit == 0, count > Self.listedLimit {
      return MethodProblem(
        "limit",
        "must be set for \(policy.rawValue), which looks at every choice one by one: there are "
          + (count == .max ? "more than can be counted" : "\(count)") + "; try 64, or at most \(Self.listedLimit)")
    }
    return nil
  }

  private static func reasonAgainstInt8(_ backbone: BackboneConfiguration, _ device: DeviceChoice) -> String? {
    if backbone.isTransformer { return "but only residual networks have an 8-bit form here" }
    if device != .cpu { return "which is for processors alone" }
    return Engine.hasInt8Convolutions ? nil : "which this libtorch (\(Engine.version)) cannot convolve in"
  }

  private static let listedLimit = 65_536
}
