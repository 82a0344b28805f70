import Foundation
import ImageData
import NeuralNetworks
import Objectives
import Optimization
import RunConfiguration
import Torch

/// Decides which views are drawn, which of them are trained on, and how hard they are: the one owner of selection.
///
/// Holds the policy and the candidates, the model of hardness, audits, and calibrations where a budget is set. Knows no
/// method.
public final class ViewSelection {
  private let setting: SelectionSetting
  /// What was configured.
  private let configured: SelectionConfiguration
  /// The current policy: as configured, or as the last calibration chose.
  public private(set) var current: SelectionConfiguration
  private var candidates: Candidates
  private var policy: Policy
  private let model: HardnessModel
  private let budget: BudgetedSelection?
  private let images: ImageHistory
  /// What the share of images whose views are selected is multiplied by, from 0 to 1; 1 until `ease` is called.
  public private(set) var easing = 1.0
  /// The result of the latest batch's audit; nil where none was due.
  public private(set) var captured: CapturedHardness?
  /// The result of the calibration that ended with the latest batch; nil where none did.
  public private(set) var calibration: SelectionRecord?
  /// Where time goes.
  public let clock: StageClock

  /// Selects as configured.
  /// - Throws: `ConfigurationError` for a policy that is not known.
  public convenience init(
    _ configuration: SelectionConfiguration, _ setting: SelectionSetting, clock: StageClock = StageClock()
  ) throws(ConfigurationError) {
    try self.init(configuration, setting, model: HardnessModel(), clock: clock)
  }

  /// Selects by a policy made in code, with the candidates of a configuration.
  public convenience init(
    policy: Policy, _ configuration: SelectionConfiguration = SelectionConfiguration(), in setting: SelectionSetting
  ) throws(ConfigurationError) {
    try self.init(configuration, setting)
    self.policy = policy
  }

  /// Selects as configured, with a model of hardness that others teach too.
  init(
    _ configuration: SelectionConfiguration, _ setting: SelectionSetting, model: HardnessModel,
    clock: StageClock = StageClock()
  ) throws(ConfigurationError) {
    self.model = model
    self.setting = setting
    self.clock = clock
    configured = configuration
    current = configuration
    candidates = Candidates(configuration, setting)
    policy = try configuration.policy(in: setting, model: model)
    budget = configuration.budget > 0 ? try BudgetedSelection(configuration, setting, model: model) : nil
    images = ImageHistory(configuration, imageCount: setting.imageCount)
  }

  /// The views that the loader must draw of every image.
  public var drawnViews: [DrawnViews] { budget?.drawnViews ?? candidates.drawnViews }
  /// Whether the loader's batches must keep their images.
  public var keepsImages: Bool { budget != nil || candidates.keepsImages }
  /// All choices among the drawn views.
  public var space: CandidateSpace { candidates.drawnSpace }

  /// Chooses from a loaded batch.
  ///
  /// Changes no weight; audits and calibrates where that is due.
  /// - Throws: `TorchError` when memory runs out; `MissingBoxesError`.
  public func choose<Method: SelfSupervisedMethod>(
    from batch: ViewBatch, for method: Method, in context: StepContext
  ) throws -> Choice {
    calibration = try clock.during(.audit) { try calibrate(on: batch, for: method, in: context) }
    return try choose(from: batch, for: method, in: context, audits: true)
  }

  /// Chooses from a loaded batch, and audits the choice where that is due, unless that is somebody else's work.
  package func choose<Method: SelfSupervisedMethod>(
    from batch: ViewBatch, for method: Method, in context: StepContext, audits: Bool
  ) throws -> Choice {
    try throwingExhaustion {
      let views = LoadedViews(batch, candidates, for: method, draw: context.draw)
      let choice = try choose(from: views, for: method, in: context)
      if audits { captured = clock.during(.audit) { audit(choice, of: views, for: method, in: context) } }
      return choice
    }
  }

  /// Chooses from views that were rendered beforehand, at full size.
  public func choose<Method: SelfSupervisedMethod>(
    from pool: ViewPool, for method: Method, in context: StepContext
  ) throws -> Choice {
    try throwingExhaustion {
      try choose(from: RenderedViews(whole: pool, space: candidates.drawnSpace), for: method, in: context)
    }
  }

  private func choose<Method: SelfSupervisedMethod>(
    from views: some CandidateViews, for method: Method, in context: StepContext
  ) throws(MissingBoxesError) -> Choice {
    let share = isChoice ? policy.times.share(at: context.position) * images.gainShare * easing : 0
    // The first ones, which are as good as random ones since batches are shuffled, or those that are favored.
    let count = Int((share * Double(views.imageCount)).rounded())
    guard count > 0 else {
      return Choice(
        views: clock.during(.candidates) { views.views(of: nil) },
        origin: current.policy.trainsOnAll ? .allDrawn : .random, space: candidates.drawnSpace, slots: nil, scores: nil,
        parameters: views.parameters ?? [], imageCount: views.imageCount, selectedCount: 0)
    }
    let (kept, pool) = clock.during(.candidates) {
      let kept = candidates.kept(of: views.parameters ?? [], ofFirst: count, by: model)
      return (kept, views.pool(keeping: kept, ofFirst: count))
    }
    let space = candidates.space
    let (slots, scored) = try clock.during(.selection) { () throws(MissingBoxesError) in
      try policy.choose(from: pool, in: space, for: method, in: context.prefix(count))
    }
    let chosen = PooledChoice(
      pool: pool, space: space, slots: slots,
      drawnSlots: Self.drawn(slots, keeping: kept, first: candidates.drawnSpace.first, images: views.imageCount),
      targets: count < views.imageCount ? [] : policy.targets.ofSlots(slots, in: space, from: scored?.targets ?? []))
    return Choice(
      views: clock.during(.candidates) { views.views(of: chosen) },
      origin: .selected(share: share), space: candidates.drawnSpace,
      slots: chosen.drawnSlots,
      scores: scored.map { Choice.Scores(values: $0.scores, space: space, views: kept, slots: slots) },
      parameters: views.parameters ?? [], imageCount: views.imageCount, selectedCount: count)
  }

  /// A choice in a pool of the first images as numbers among the drawn views; the other images take their first views.
  private static func drawn(_ slots: Tensor, keeping kept: [[Int]]?, first: [Int], images: Int) -> Tensor {
    var drawn = slots
    let count = slots.shape[1]
    if let kept { drawn = Tensor(kept.flatMap { $0 }, shape: [kept.count, count]).gathering(slots, along: 0) }
    guard count < images else { return drawn }
    return .concatenated(
      [drawn, Tensor(first, shape: [first.count, 1]).expanded(to: [first.count, images - count])], along: 1)
  }

  /// The loss of each image's trained views, `[batch]`; its mean is what is trained on.
  public func losses<Method: SelfSupervisedMethod>(
    of encodings: [Method.Encoding], _ method: Method, in context: StepContext
  ) -> Tensor {
    policy.pairing?.losses(encodings, of: method, in: context) ?? method.sampleLosses(encodings, in: context)
  }
}

// MARK: - Which images, and how many

extension ViewSelection {
  /// A batch with the images first whose views are to be selected, where some are favored.
  ///
  /// - Parameter parts: The equal parts in which it will be trained on, each of which is chosen from by itself.
  public func arranged(_ batch: ViewBatch, in context: StepContext, parts: Int = 1) -> (ViewBatch, StepContext) {
    guard let order = images.order(context.draw.samples, parts: parts) else { return (batch, context) }
    return (batch.selecting(order), context.selecting(order))
  }

  /// Records the losses of a choice's images, `[batch]`, where later choices depend on them.
  public func record(_ losses: Tensor, of choice: Choice, in context: StepContext) {
    images.record(losses, of: choice, in: context)
  }
}

// MARK: - Fewer hard views

extension ViewSelection {
  /// Multiplies the share of images whose views are selected, now and in checkpoints.
  /// - Parameter factor: From 0 to 1.
  public func ease(to factor: Double) {
    precondition((0...1).contains(factor), "a share is from 0 to 1, not \(factor)")
    easing = factor
  }

  /// Whether hard views are selected for any image at a position in training.
  public func selectsAny(at position: TrainingProgress) -> Bool {
    isChoice && policy.times.share(at: position) * easing > 0
  }

  private var isChoice: Bool { candidates.space.count > 1 || candidates.dropsViews }
}

// MARK: - Audits and calibrations

extension ViewSelection {
  /// Holds a choice against exact losses of all drawn views; nil where no audit is due.
  private func audit<Method: SelfSupervisedMethod>(
    _ choice: Choice, of views: LoadedViews, for method: Method, in context: StepContext
  ) -> CapturedHardness? {
    guard current.auditEverySteps > 0, context.position.step % current.auditEverySteps == 0 else { return nil }
    let audit = audit(views, against: candidates.auditSpaces.reference, for: method, in: context)
    audit.teach(model)
    return current.policy.trainsOnAll ? nil : audit.captured(by: choice.table(), model: model)
  }

  /// Exact losses of all drawn views of a batch, at the size that is trained on; moves no statistic.
  ///
  /// - Parameter reference: The choices that exact selection would have.
  func audit<Method: SelfSupervisedMethod>(
    _ batch: ViewBatch, against reference: CandidateSpace, for method: Method, in context: StepContext
  ) throws -> HardnessAudit {
    try throwingExhaustion {
      audit(
        LoadedViews(batch, candidates, for: method, draw: context.draw), against: reference, for: method, in: context)
    }
  }

  private func audit<Method: SelfSupervisedMethod>(
    _ views: LoadedViews, against reference: CandidateSpace, for method: Method, in context: StepContext
  ) -> HardnessAudit {
    let (pool, all) = (views.auditPool(), candidates.auditSpaces.all)
    let scorer = LossScorer(ScoringPass(phase: .score, dtype: setting.dtype))
    return HardnessAudit(
      scorer.score(pool, in: all, method: method, context: context).scores, in: all, reference: reference,
      parameters: pool.parameters ?? [], draw: context.draw)
  }

  private func calibrate<Method: SelfSupervisedMethod>(
    on batch: ViewBatch, for method: Method, in context: StepContext
  ) throws -> SelectionRecord? {
    guard let record = try budget?.measure(batch, for: method, in: context) else { return nil }
    try adopt(budget!.chosen)
    return record
  }

  private func adopt(_ selection: SelectionConfiguration) throws(ConfigurationError) {
    policy = try selection.policy(in: setting, model: model)
    candidates = Candidates(selection, setting)
    current = selection
  }

  /// Whether the duration of the next training step should be measured exactly and told to `trained(for:)`.
  public func wantsDuration(at position: TrainingProgress) -> Bool { budget?.wantsDuration(at: position) ?? false }

  /// Records the duration of a training step, without selection, in seconds.
  public func trained(for seconds: Double) { budget?.trained(for: seconds) }
}

// MARK: - State

extension ViewSelection: TrainingPart {
  private var learns: Bool {
    budget != nil || configured.auditEverySteps > 0 || configured.scoring.score == .unexplained
  }

  /// The hardness model fitted to audits, and what is known of the images.
  public var tensors: [(name: String, value: Tensor)] {
    (learns ? model.state.map { ($0.name, $0.buffer.value) } : []) + images.tensors
  }

  /// The choice of the last calibration, and how far selection was eased.
  public var values: [String: String] {
    var values = easing < 1 ? ["easing": "\(easing)"] : [:]
    if budget != nil, let text = try? ConfigurationTree(encoding: current).yaml { values["selection"] = text }
    return values
  }

  /// Goes on as the last calibration chose; what the device lacks is left until the next one.
  public func restore(_ values: [String: String]) throws {
    model.restore()
    images.restore()
    easing = values["easing"].flatMap { Double($0) } ?? 1
    guard let budget, let text = values["selection"] else { return }
    budget.resume(try SelectionConfiguration(savedAs: text))
    try adopt(budget.chosen)
  }
}
