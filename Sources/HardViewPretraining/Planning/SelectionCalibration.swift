import ImageData
import NeuralNetworks
import Optimization
import Torch

/// Measures what ways to select cost and capture, on real batches with a network that is being trained.
///
/// Batches must hold at least as many views as any of the ways draws, and keep their images. Each way renders what it
/// needs itself, so that rendering counts. Measuring changes no weight and no statistic.
struct SelectionCalibration<Method: SelfSupervisedMethod> {
  private struct Candidate {
    let policy: CheaperPolicy
    let pools: CandidatePools
    let hardViews: HardViews
    var seconds: [Double] = []
    var captured = CapturedHardness()
  }

  private let parts: PretrainingParts<Method>
  private var candidates: [Candidate]
  private let plain: CandidatePools
  private let plainHardViews: HardViews
  private var plainSelectionSeconds: [Double] = []
  private var auditSeconds: [Double] = []
  /// Seconds of plain steps, rendering included.
  private var plainSeconds: [Double] = []
  private let model: HardnessModel

  /// - Parameter model: What audits have taught so far; learns from more.
  init(_ parts: PretrainingParts<Method>, policies: [CheaperPolicy], model: HardnessModel = HardnessModel()) {
    self.parts = parts
    self.model = model
    candidates = policies.map { policy in
      var measured = policy.selection
      // Scoring in the training phase moves running statistics; measuring must not.
      if measured.phase == .train { measured.phase = .score }
      return Candidate(
        policy: policy, pools: parts.pools(measured), hardViews: measured.makeHardViews(dtype: parts.dtype))
    }
    var none = SelectionConfiguration()
    none.policy = .none
    plain = parts.pools(none)
    plainHardViews = none.makeHardViews(dtype: parts.dtype)
  }

  /// What a loader must draw: the most that any of some ways draws, rendered by none.
  static func drawnViews(_ parts: PretrainingParts<Method>, for policies: [CheaperPolicy]) -> [DrawnViews] {
    let pools = policies.map { parts.pools($0.selection).drawnViews }
    return pools[0].indices.map { group in
      DrawnViews(pools[0][group].recipe, count: pools.map { $0[group].count }.max()!, isRendered: false)
    }
  }

  /// Lets the model of geometry and colour learn from a batch.
  func teach(_ batch: ViewBatch, at progress: TrainingProgress) throws {
    try audit(batch, at: progress).teach(model)
  }

  /// Takes a plain training step and times it.
  mutating func train(on batch: ViewBatch, with pretrainer: Pretrainer<Method>, at progress: TrainingProgress) throws {
    Engine.synchronize()
    let start = ContinuousClock.now
    let draw = draw(batch, progress)
    let pool = plain.pool(of: batch, keeping: nil, for: parts.method, draw: draw)
    let selection = TimedSelection(selection: Selection(views: pool.views, share: 0), seconds: 0)
    _ = try pretrainer.train(on: selection, at: progress)
    Engine.synchronize()
    plainSeconds.append(seconds(ContinuousClock.now - start))
  }

  /// To be told how long training on plain views took, where `train` is not used.
  mutating func plainTrainingSeconds(_ seconds: [Double]) {
    plainSeconds = seconds.map { $0 + median(plainSelectionSeconds) }
  }

  /// Times every way on a batch, one after the other, and holds what it selects against exact losses.
  mutating func measure(on batch: ViewBatch, at progress: TrainingProgress) throws {
    let draw = draw(batch, progress)
    Engine.synchronize()
    let start = ContinuousClock.now
    let exact = try audit(batch, at: progress)
    exact.teach(model)
    auditSeconds.append(seconds(ContinuousClock.now - start))
    plainSelectionSeconds.append(
      try select(plain, plainHardViews, from: batch, at: progress, draw: draw).seconds)
    for index in candidates.indices {
      let (pools, hardViews) = (candidates[index].pools, candidates[index].hardViews)
      let result = try select(pools, hardViews, from: batch, at: progress, draw: draw)
      candidates[index].seconds.append(result.seconds)
      candidates[index].captured += exact.captured(by: result.slots, model: model)
    }
  }

  /// What was measured, in the order of the policies.
  var results: [PolicyMeasurement] {
    candidates.map {
      PolicyMeasurement(
        policy: $0.policy, plainSeconds: median(plainSeconds),
        selectionSeconds: median($0.seconds) - median(plainSelectionSeconds), auditSeconds: median(auditSeconds),
        captured: $0.captured)
    }
  }

  private func draw(_ batch: ViewBatch, _ progress: TrainingProgress) -> SelectionDraw {
    SelectionDraw(
      seed: UInt64(bitPattern: Int64(parts.configuration.seed)), epoch: progress.epoch, samples: batch.indices)
  }

  private func audit(_ batch: ViewBatch, at progress: TrainingProgress) throws -> HardnessAudit {
    let most = candidates.map(\.pools).max { $0.auditSpaces.all.viewCount < $1.auditSpaces.all.viewCount }!
    return try throwingExhaustion {
      most.audit(
        batch, against: candidates[0].pools.space, for: parts.method, dtype: parts.dtype, at: progress,
        draw: draw(batch, progress))
    }
  }

  /// Selects, and returns for each image the numbers of the chosen views among all that were drawn.
  private func select(
    _ pools: CandidatePools, _ hardViews: HardViews, from batch: ViewBatch, at progress: TrainingProgress,
    draw: SelectionDraw
  ) throws -> (slots: [[Int]], seconds: Double) {
    try throwingExhaustion {
      let start = ContinuousClock.now
      let kept = pools.kept(of: batch, by: model)
      let pool = pools.pool(of: batch, keeping: kept, for: parts.method, draw: draw)
      let selection = try hardViews.select(from: pool, in: pools.space, for: parts.method, at: progress, draw: draw)
      let chosen: [[Int]]? = selection.slots?.rows()
      Engine.synchronize()
      let elapsed = seconds(ContinuousClock.now - start)
      return (pools.drawnNumbers(of: chosen, keeping: kept, images: batch.indices.count), elapsed)
    }
  }
}

func median(_ values: [Double]) -> Double {
  let sorted = values.sorted()
  guard !sorted.isEmpty else { return 0 }
  return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
}
