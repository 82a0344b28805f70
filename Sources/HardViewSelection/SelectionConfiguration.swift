import NeuralNetworks
import Objectives
import Optimization
import RunConfiguration
import Torch

/// How the trained views are chosen; the `selection` section of a configuration.
public struct SelectionConfiguration: Codable, Sendable, Equatable {
  /// How views are chosen: a built-in policy, or the name of a selector of one's own.
  public var policy = SelectionPolicy.hardest
  /// Global views drawn for each image (the paper's N), shared equally among their groups; ignored by `none`.
  public var candidates = 4
  /// Local views drawn for each image and group; 0 draws as many as are trained on.
  public var localCandidates = 0
  /// Masks drawn for each drawn global view, of which the hardest is chosen with it, for methods that hide patches.
  public var masks = 1
  /// The phase of batch normalization during the scoring pass; `train` as published.
  public var phase = Phase.train
  /// Choices whose global views overlap less (intersection over union, 0 to 1) are avoided; 0 allows everything.
  public var overlapFloor = 0.0
  /// The number of choices to rank, drawn at random for each batch, as in the published DINO (64); 0 ranks all.
  public var limit = 0
  /// How many of the hardest choices `among_hardest` draws from.
  public var amongHardest = 2
  /// The place of the choice that `quantile` takes among an image's choices by their score: 0 the easiest, 1 the hardest.
  public var quantile = 0.75
  /// How far from the hardest `softmax` strays, in standard deviations of an image's scores.
  public var temperature = 1.0
  /// The stage of the backbone whose features `least_similar` compares, from 1; 0 compares those of the stem.
  public var featureStage = 1
  /// The limit of `overlap_threshold`.
  public var threshold = OverlapThreshold.Limit()
  /// With k, views are selected at every k-th step; the steps in between train on random ones.
  public var everySteps = 1
  /// The share of training, 0 to 1, at which selection begins.
  public var from = 0.0
  /// The share of training, 0 to 1, at which selection ends.
  public var until = 1.0
  /// What the chosen views are to predict: each other, or the mean of the targets of all drawn views; ignored by `none`.
  public var targets = TargetChoice.chosen
  /// The share of the images whose views are selected, from `start` to `end` of that time; the others take random views.
  public var share = Ramp(from: 1, to: 1)
  /// Which images of a batch that share goes to.
  public var favors = FavoredImages.any
  /// Whether the share falls in proportion as the chosen views become less harder than random ones than they once were.
  public var shareFollowsGain = false
  /// How candidates are scored, where that is to cost less than a full pass.
  public var scoring = ScoringConfiguration()
  /// Views drawn for each image, of which a model of geometry and color keeps `candidates` before any is rendered; 0
  /// draws `candidates`.
  public var drawn = 0
  /// At every k-th step all drawn views are scored exactly, to log how much hardness the policy captures and to teach
  /// the model of geometry and color; 0 never.
  public var auditEverySteps = 0
  /// Chooses the policy by itself: the cheapest that keeps 90 % of the gain of exact selection (`PolicyMeasurement`)
  /// while a step takes at most this multiple of a plain one, such as 1.15; 0 leaves the choice to the keys above.
  public var budget = 0.0

  /// The section of a selector of one's own; built-in policies have the keys above.
  public var settings = ConfigurationTree.empty

  /// The published setting: the hardest of four views.
  public init() {}

  /// Plain training: as many views as the loss takes.
  public static var plain: SelectionConfiguration {
    var selection = SelectionConfiguration()
    selection.policy = .none
    return selection
  }

  /// The views that are drawn in each group of a plan.
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
    guard policy.trainsOnAll else {
      return CandidateSpace(plan: plan, poolSizes: sizes, masks: policy == .none ? 1 : masks)
    }
    let groups = zip(plan.groups, sizes).map { ViewGroup($0.name, used: $1, isLocal: $0.isLocal) }
    return CandidateSpace(plan: ViewPlan(groups), poolSizes: sizes)
  }

  /// The choices that all drawn views would give, and those that exact selection among `candidates` of them would have.
  ///
  /// Both are the space itself where no views are dropped before they are rendered.
  public func auditSpaces(for plan: ViewPlan) -> (all: CandidateSpace, reference: CandidateSpace) {
    guard dropsViews else {
      let space = CandidateSpace(plan: plan, poolSizes: poolSizes(for: plan), masks: policy == .none ? 1 : masks)
      return (space, space)
    }
    return (
      CandidateSpace(plan: plan, poolSizes: [drawn]),
      CandidateSpace(plan: plan, poolSizes: [min(drawn, max(candidates, 4))])
    )
  }

  /// Whether a model of geometry and color drops views before they are rendered.
  public var dropsViews: Bool { drawn > candidates && policy != .none }
}

// MARK: - Checks

extension SelectionConfiguration {
  /// The first value that makes no sense for a training; nil for none.
  public func problem(in setting: SelectionSetting, device: Device = .cpu) -> ConfigurationError? {
    var report = SettingReport(at: "selection")
    check(setting, device: device, &report)
    if let problem = report.problems.first { return problem }
    do throws(ConfigurationError) {
      _ = try policy(in: setting)
      return nil
    } catch {
      return error
    }
  }

  private func check(_ setting: SelectionSetting, device: Device, _ report: inout SettingReport) {
    for (key, count) in [
      (CodingKeys.candidates, candidates), (.localCandidates, localCandidates), (.drawn, drawn),
    ] {
      report.require(
        (0...1000).contains(count), at: key, reason: "must be from 0 to 1000 views of an image, not \(count)")
    }
    // What follows counts with these.
    guard report.problems.isEmpty else { return }
    checkCounts(setting.plan, &report)
    report.require(
      (0..<1).contains(overlapFloor), at: CodingKeys.overlapFloor, reason: "must be from 0 up to 1, not \(overlapFloor)"
    )
    report.require(limit >= 0, at: CodingKeys.limit, reason: "must be 0 (rank every choice) or more, not \(limit)")
    report.requireCount(amongHardest, at: CodingKeys.amongHardest)
    report.requireShare(quantile, at: CodingKeys.quantile)
    report.requirePositive(temperature, at: CodingKeys.temperature)
    let (backbone, stages) = (setting.backbone, setting.backbone.stageCount)
    report.require(
      (0...stages).contains(featureStage), at: CodingKeys.featureStage,
      reason: "must be from 0 to \(stages) for \(backbone.name.rawValue), not \(featureStage)")
    report.requireCount(everySteps, at: CodingKeys.everySteps)
    checkMasks(setting, &report)
    scoring.check(backbone, device: device, at: CodingKeys.scoring, &report)
    report.require(
      scoring.network == .student || setting.method.hasTeacher, at: CodingKeys.scoring, within: "network",
      reason: "is teacher, but \(setting.method.name) has none; set it to student")
    report.require(
      scoring.score != .unexplained || policy.ranksByLoss || policy == .none, at: CodingKeys.scoring, within: "score",
      reason:
        "is unexplained, which ranks by what is left of losses; \(policy.rawValue) ranks by none, so set it to loss")
    report.require(
      scoring.score != .learnability || (setting.method.hasTeacher && scoring.network == .student),
      at: CodingKeys.scoring, within: "score",
      reason: "is learnability, which takes a student and a teacher; "
        + (setting.method.hasTeacher ? "set network to student" : "\(setting.method.name) has none, so set it to loss"))
    checkDrawn(setting.plan, &report)
    if budget != 0 {
      report.require(
        budget >= 1, at: CodingKeys.budget, reason: "must be 0 (off) or at least 1 (a plain step), not \(budget)")
      report.require(
        self == automatic, at: CodingKeys.budget,
        reason: "chooses policy, phase, scoring, drawn and share by itself; leave them as they are by default")
    }
    report.require(
      auditEverySteps >= 0, at: CodingKeys.auditEverySteps, reason: "must be 0 (never) or more, not \(auditEverySteps)")
    checkPairs(setting.plan, &report)
    checkTargets(of: setting.method, &report)
    report.require(
      from >= 0 && from < until && until <= 1, at: CodingKeys.from,
      reason: "must lie before 'until', both between 0 and 1, not \(from) and \(until)")
    for (key, end, value) in [
      (CodingKeys.share, "start", share.start), (.share, "end", share.end), (.threshold, "start", threshold.start),
      (.threshold, "end", threshold.end), (.threshold, "random_share", threshold.randomShare),
    ] {
      report.require((0...1).contains(value), at: key, within: end, reason: "must be between 0 and 1, not \(value)")
    }
    report.require(
      favors == .any || shareFollowsGain || share.start < 1 || share.end < 1, at: CodingKeys.favors,
      reason: "is \(favors.rawValue), but views of all images are selected; set share.start and share.end below 1")
    report.require(
      !shareFollowsGain || policy.runsNetwork || policy == .none, at: CodingKeys.shareFollowsGain,
      reason: "compares scores, but \(policy.rawValue) computes none; set it to false")
    report.require(
      settings == .empty || !SelectionPolicy.builtIn.contains(policy), at: CodingKeys.settings,
      reason: "is for selectors of one's own; \(policy.rawValue) has keys beside 'policy'")
    // A space can be counted once there are candidates enough.
    guard report.problems.isEmpty, policy.listsChoices, limit == 0 else { return }
    let count = space(for: setting.plan).count
    report.require(
      count <= CandidateSpace.listedLimit, at: CodingKeys.limit,
      reason: "must be set for \(policy.rawValue), which looks at every choice one by one: there are "
        + (count == .max ? "more than can be counted" : "\(count)")
        + "; try 64, or at most \(CandidateSpace.listedLimit)")
  }

  /// As many candidates as the loss needs, in proportion.
  private func checkCounts(_ plan: ViewPlan, _ report: inout SettingReport) {
    guard policy != .none else { return }
    let globals = plan.groups.filter { !$0.isLocal }
    let slots = plan.globalSlotCount
    report.require(
      candidates >= slots, at: CodingKeys.candidates,
      reason: "must be at least \(slots), because the loss relates \(slots) views, not \(candidates)")
    if let group = globals.first(where: { candidates * $0.used % slots != 0 }) {
      report.require(
        false, at: CodingKeys.candidates,
        reason:
          "is \(candidates), which \(globals.map(\.name).joined(separator: " and ")) cannot share in proportion to "
          + "the \(slots) views trained on (\(group.used) of them \(group.name)); take a multiple of \(slots)")
    }
    if let group = plan.groups.first(where: { $0.isLocal && localCandidates != 0 && localCandidates < $0.used }) {
      report.require(
        false, at: CodingKeys.localCandidates,
        reason: "is \(localCandidates), but \(group.used) views of group '\(group.name)' are trained on (views.groups."
          + "\(group.name).count); draw at least as many, or 0 for just these")
    }
  }

  /// Several masks of a view.
  private func checkMasks(_ setting: SelectionSetting, _ report: inout SettingReport) {
    report.require((1...100).contains(masks), at: CodingKeys.masks, reason: "must be from 1 to 100, not \(masks)")
    guard masks > 1, policy != .none else { return }
    report.require(
      setting.method.hidesPatches, at: CodingKeys.masks,
      reason: "is \(masks), but \(setting.method.name) hides no patches; set it to 1")
    report.require(
      !policy.trainsOnAll && scoring.network == .student, at: CodingKeys.masks,
      reason: "is \(masks), which takes a student that is shown masked views to choose among them; set it to 1")
  }

  /// Views that are drawn to be dropped.
  private func checkDrawn(_ plan: ViewPlan, _ report: inout SettingReport) {
    guard drawn != 0 else { return }
    report.require(
      drawn >= candidates, at: CodingKeys.drawn,
      reason: "must be 0 or at least the \(candidates) candidates kept, not \(drawn)")
    report.require(
      plan.groups.count == 1 && plan.slotCount == 2, at: CodingKeys.drawn,
      reason: "is for methods with two views of one group; \(plan.groups.map(\.name).joined(separator: ", ")) are more")
    report.require(
      !dropsViews || auditEverySteps != 0, at: CodingKeys.auditEverySteps,
      reason: "must be set where views are drawn to be dropped, since audits teach what to drop; try 50")
  }

  /// Policies that divide all views into pairs.
  private func checkPairs(_ plan: ViewPlan, _ report: inout SettingReport) {
    guard policy.pairsViews else { return }
    report.require(
      plan.groups.count == 1 && plan == ViewPlan(plan.groups.map { ViewGroup($0.name, used: 2) }),
      at: CodingKeys.policy, reason: "\(policy.rawValue) is for methods with two views of one group")
    report.require(
      candidates.isMultiple(of: 2) && candidates <= 8, at: CodingKeys.candidates,
      reason: "must be 2, 4, 6 or 8 for \(policy.rawValue), which divides them into pairs, not \(candidates)")
  }

  /// Targets come from a scoring pass over every image's views, at the size that is trained on.
  private func checkTargets(of method: MethodTraits, _ report: inout SettingReport) {
    guard targets != .chosen, policy != .none else { return }
    func require(_ condition: Bool, _ reason: String) {
      report.require(condition, at: CodingKeys.targets, reason: "is \(targets.rawValue), \(reason)")
    }
    require(
      policy.ranksByLoss,
      "which takes the targets of the pass that computes losses; \(policy.rawValue) has none, so set it to chosen")
    require(
      method.averagesTargets,
      "but \(method.name) has no targets that belong to a view as a whole; set it to chosen")
    require(
      scoring.scale == 1,
      "but views are scored at \(scoring.scale) of their size (scoring.scale), where targets are others")
    require(
      scoring.precision != .int8, "but views are scored in 8-bit integers (scoring.precision), too coarse to predict")
    require(
      share == Ramp(from: 1, to: 1) && !shareFollowsGain,
      "but only some images are scored (share); leave share.start and share.end at 1, and share_follows_gain false")
  }

  /// The defaults with what an automatic choice leaves open.
  private var automatic: SelectionConfiguration {
    var selection = SelectionConfiguration()
    (selection.budget, selection.auditEverySteps) = (budget, auditEverySteps)
    (selection.candidates, selection.localCandidates) = (candidates, localCandidates)
    return selection
  }
}
