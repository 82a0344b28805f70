import ImageData
import NeuralNetworks
import Objectives
import Optimization
import RunConfiguration
import Torch

/// Chooses a policy while a run trains: the cheapest that keeps the gain of exact selection, within a budget.
///
/// Until the first calibration selection is exact. A calibration measures every policy on a few batches before they are
/// trained on, which changes nothing; what is cheap and what is hard changes while the network learns, so it is repeated
/// after every tenth of training. The choice is saved with the checkpoint, since it depends on how long things took.
final class BudgetedSelection {
  /// What is done until the next calibration.
  private(set) var chosen: SelectionConfiguration

  private let setting: SelectionSetting
  private let policies: [CheaperPolicy]
  private let budget: Double
  private let model: HardnessModel
  private var calibration: SelectionCalibration
  private var measuredBatches = 0
  /// Seconds of the latest training steps, without selection.
  private var trainingSeconds: [Double] = []

  private static var batchesToMeasure: Int { 3 }
  private static var stepsToTeach: Int { 32 }
  private static var stepsToTime: Int { 20 }

  init(
    _ selection: SelectionConfiguration, _ setting: SelectionSetting, model: HardnessModel
  ) throws(ConfigurationError) {
    self.setting = setting
    self.model = model
    budget = selection.budget
    policies = CheaperPolicy.all(like: selection, in: setting)
    chosen = policies[0].selection
    calibration = try SelectionCalibration(setting, policies: policies, model: model)
  }

  /// What the loader must draw for every policy.
  var drawnViews: [DrawnViews] { calibration.drawnViews }

  /// Takes what was chosen before the run was interrupted; what the device lacks that the run goes on with is left until
  /// the next calibration.
  func resume(_ selection: SelectionConfiguration, on device: Device = .current) {
    guard selection.problem(in: setting, device: device) == nil else { return }
    chosen = selection
  }

  func trained(for seconds: Double) {
    trainingSeconds = trainingSeconds.suffix(Self.stepsToTime) + [seconds]
  }

  func wantsDuration(at position: TrainingProgress) -> Bool {
    let (interval, place) = place(of: position)
    return place >= interval - Self.stepsToTime || place < Self.batchesToMeasure
  }

  /// The steps from one calibration to the next, and where among them a position lies; a calibration begins at 0.
  private func place(of position: TrainingProgress) -> (interval: Int, place: Int) {
    // Calibrations take time too: in short runs there are fewer.
    let interval = max(position.totalSteps / 10, min(position.totalSteps / 4, Self.stepsToTeach), Self.batchesToMeasure)
    return (interval, (position.step - min(40, interval) + interval) % interval)
  }

  /// Measures on a batch that is about to be trained on, if a calibration is due; after the last batch of a calibration
  /// returns what was found and chosen.
  func measure<Method: SelfSupervisedMethod>(
    _ batch: ViewBatch, for method: Method, in context: StepContext
  ) throws -> SelectionRecord? {
    let position = context.position
    let (interval, place) = place(of: position)
    guard position.step >= min(40, interval), place < Self.batchesToMeasure else {
      // The model of geometry and color learns from some batches just before it is measured.
      if place % 4 == 0, place >= interval - Self.stepsToTeach {
        try calibration.teach(batch, for: method, in: context)
      }
      return nil
    }
    try calibration.measure(on: batch, for: method, in: context)
    measuredBatches += 1
    guard measuredBatches >= Self.batchesToMeasure else { return nil }
    calibration.trainingSeconds(trainingSeconds, under: chosen)
    try calibration.share(with: Workers.current)
    let results = calibration.results
    let best = PolicyChoice.best(of: results, budget: budget)
    // Clocks differ between workers; the first one's decides.
    let decision = try Workers.current.gathered(ConfigurationTree(encoding: best.policy.selection).yaml)[0]
    chosen = try SelectionConfiguration(savedAs: decision)
    calibration = try SelectionCalibration(setting, policies: policies, model: model)
    measuredBatches = 0
    return SelectionRecord(step: position.step, chosen: best, among: results)
  }
}
