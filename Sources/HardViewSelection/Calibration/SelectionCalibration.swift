import ImageData
import NeuralNetworks
import Objectives
import Optimization
import RunConfiguration
import Torch

/// Measures what policies cost and capture, on real batches with a network that is being trained.
///
/// Batches must hold at least as many views as any of the policies draws, and keep their images. Each policy renders what
/// it needs itself, so that rendering counts. Measuring changes no weight and no statistic.
public struct SelectionCalibration {
  private struct Candidate {
    let policy: CheaperPolicy
    let selection: ViewSelection
    var seconds: [Double] = []
    var captured = CapturedHardness()
    /// Whether training uses what the teacher made of the chosen views, so that it does not run again.
    var sparesTeacher = false
  }

  private let setting: SelectionSetting
  private var measured: [Candidate]
  private let plain: ViewSelection
  private var plainSelectionSeconds: [Double] = []
  private var auditSeconds: [Double] = []
  /// What the teacher takes for the views of a plain step.
  private var teacherSeconds: [Double] = []
  /// Seconds of plain steps, rendering included.
  private var plainSeconds: [Double] = []
  private let model: HardnessModel

  /// Prepares to measure policies, the exact one first.
  /// - Parameter model: What audits have taught so far; learns from more.
  public init(
    _ setting: SelectionSetting, policies: [CheaperPolicy], model: HardnessModel = HardnessModel()
  ) throws(ConfigurationError) {
    self.setting = setting
    self.model = model
    measured = []
    for policy in policies {
      var selection = policy.selection
      // Scoring in the training phase moves running statistics; measuring must not.
      if selection.phase == .train { selection.phase = .score }
      // Audits are timed on their own.
      measured.append(Candidate(policy: policy, selection: try ViewSelection(selection, setting, model: model)))
    }
    plain = try ViewSelection(.plain, setting, model: model)
  }

  /// The views that a loader must draw: the most that any policy draws, none rendered.
  public var drawnViews: [DrawnViews] {
    let drawn = measured.map(\.selection.drawnViews)
    return drawn[0].indices.map { group in
      DrawnViews(drawn[0][group].recipe, count: drawn.map { $0[group].count }.max()!, isRendered: false)
    }
  }

  /// Lets the model of geometry and color learn from a batch.
  public func teach<Method: SelfSupervisedMethod>(
    _ batch: ViewBatch, for method: Method, in context: StepContext
  ) throws {
    let audit = try audit(batch, for: method, in: context)
    try throwingExhaustion { audit.teach(model) }
  }

  /// Records how long plain steps took, rendering included.
  public mutating func plainStep(took seconds: Double) { plainSeconds.append(seconds) }

  /// Records how long training on chosen views took under a selection, where no plain steps are taken.
  mutating func trainingSeconds(_ seconds: [Double], under selection: SelectionConfiguration) {
    let policy = measured.first { $0.policy.selection == selection }
    let missing = median(plainSelectionSeconds) + (policy?.sparesTeacher == true ? median(teacherSeconds) : 0)
    plainSeconds = seconds.map { $0 + missing }
  }

  /// Times every policy on a batch, one after the other, and holds what it selects against exact losses.
  public mutating func measure<Method: SelfSupervisedMethod>(
    on batch: ViewBatch, for method: Method, in context: StepContext
  ) throws {
    Engine.synchronize()
    let start = ContinuousClock.now
    let exact = try audit(batch, for: method, in: context)
    try throwingExhaustion { exact.teach(model) }
    auditSeconds.append(seconds(since: start))
    let random = try select(plain, from: batch, for: method, in: context)
    plainSelectionSeconds.append(random.seconds)
    if Method.hasTeacher { teacherSeconds.append(seconds(ofTeacherFor: random.choice.views, method)) }
    for index in measured.indices {
      let result = try select(measured[index].selection, from: batch, for: method, in: context)
      measured[index].seconds.append(result.seconds)
      measured[index].sparesTeacher = Method.hasTeacher && result.choice.views.contains { !$0.targets.isEmpty }
      measured[index].captured += exact.captured(by: result.choice.table(), model: model)
    }
  }

  /// Takes what was captured of all workers' images for what was captured of this one's.
  /// - Throws: `TorchError` where others do not answer.
  mutating func share(with workers: any Communicator) throws {
    for index in measured.indices { measured[index].captured = try measured[index].captured.summed(over: workers) }
  }

  /// The measurements, in the order of the policies.
  public var results: [PolicyMeasurement] {
    measured.map {
      let spared = $0.sparesTeacher ? median(teacherSeconds) : 0
      return PolicyMeasurement(
        policy: $0.policy, plainSeconds: median(plainSeconds),
        selectionSeconds: median($0.seconds) - median(plainSelectionSeconds) - spared,
        auditSeconds: median(auditSeconds), captured: $0.captured)
    }
  }

  private func seconds<Method: SelfSupervisedMethod>(ofTeacherFor views: [View], _ method: Method) -> Double {
    let start = ContinuousClock.now
    withoutGradients {
      _ = withAutocast(to: setting.dtype) {
        method.encodeByTeacher(views.filter { !$0.isLocal }, for: .scoring(.score))
      }
    }
    Engine.synchronize()
    return seconds(since: start)
  }

  private func audit<Method: SelfSupervisedMethod>(
    _ batch: ViewBatch, for method: Method, in context: StepContext
  ) throws -> HardnessAudit {
    let most = measured.map(\.selection).max { $0.space.viewCount < $1.space.viewCount }!
    return try most.audit(batch, against: measured[0].selection.space, for: method, in: context)
  }

  private func select<Method: SelfSupervisedMethod>(
    _ selection: ViewSelection, from batch: ViewBatch, for method: Method, in context: StepContext
  ) throws -> (choice: Choice, seconds: Double) {
    let start = ContinuousClock.now
    let choice = try selection.choose(from: batch, for: method, in: context, audits: false)
    Engine.synchronize()
    return (choice, seconds(since: start))
  }

  private func seconds(since start: ContinuousClock.Instant) -> Double { (ContinuousClock.now - start) / .seconds(1) }
}

/// The middle of some numbers; 0 for none.
func median(_ values: [Double]) -> Double {
  let sorted = values.sorted()
  guard !sorted.isEmpty else { return 0 }
  return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
}
