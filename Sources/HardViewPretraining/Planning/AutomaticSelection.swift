import ImageData
import NeuralNetworks
import Optimization
import Torch

/// Chooses how to select while a run trains: the cheapest way that keeps the gain of exact selection, within a budget.
///
/// Until the first calibration selection is exact. A calibration measures every way on a few batches before they are
/// trained on, which changes nothing; what is cheap and what is hard changes while the network learns, so it is repeated
/// after every tenth of training. The choice is saved with the checkpoint, since it depends on how long things took.
struct AutomaticSelection<Method: SelfSupervisedMethod> {
  /// The way that is taken.
  private(set) var chosen: CheaperPolicy

  private let parts: PretrainingParts<Method>
  private let policies: [CheaperPolicy]
  private let budget: Double
  private let model: HardnessModel
  private var calibration: SelectionCalibration<Method>
  private var measuredBatches = 0
  /// Seconds of the latest training steps, without selection.
  private var trainingSeconds: [Double] = []

  private static var batchesToMeasure: Int { 3 }
  private static var stepsToTeach: Int { 32 }

  init(_ parts: PretrainingParts<Method>, model: HardnessModel) {
    self.parts = parts
    self.model = model
    let selection = parts.configuration.selection
    budget = selection.budget
    policies = CheaperPolicy.all(like: selection, plan: parts.views.plan, backbone: parts.configuration.backbone)
    chosen = policies[0]
    calibration = SelectionCalibration(parts, policies: policies, model: model)
  }

  /// What the loader must draw for every way.
  var drawnViews: [DrawnViews] { SelectionCalibration<Method>.drawnViews(parts, for: policies) }

  /// Takes a way that was chosen before the run was interrupted; what the device lacks that the run goes on with is left
  /// until the next calibration.
  mutating func resume(_ selection: SelectionConfiguration) {
    let configuration = parts.configuration
    guard
      selection.problem(for: parts.views.plan, backbone: configuration.backbone, device: configuration.device) == nil
    else { return }
    chosen = CheaperPolicy(summary: "as before", settings: [], selection: selection)
  }

  /// To be told how long a step's training took.
  mutating func trained(for seconds: Double) {
    trainingSeconds = trainingSeconds.suffix(20) + [seconds]
  }

  /// Measures on a batch that is about to be trained on, if a calibration is due; after the last batch of a calibration
  /// says what was found and chosen.
  mutating func measure(_ batch: ViewBatch, at progress: TrainingProgress) throws -> SelectionRecord? {
    // Calibrations take time too: in short runs there are fewer.
    let interval = max(progress.totalSteps / 10, min(progress.totalSteps / 4, Self.stepsToTeach), Self.batchesToMeasure)
    let first = min(40, interval)
    let position = (progress.step - first + interval) % interval
    guard progress.step >= first, position < Self.batchesToMeasure else {
      // The model of geometry and colour learns from some batches just before it is measured.
      if position % 4 == 0, position >= interval - Self.stepsToTeach { try calibration.teach(batch, at: progress) }
      return nil
    }
    try calibration.measure(on: batch, at: progress)
    measuredBatches += 1
    guard measuredBatches >= Self.batchesToMeasure else { return nil }
    calibration.plainTrainingSeconds(trainingSeconds)
    let results = calibration.results
    let best = PolicyChoice.best(of: results, budget: budget)
    chosen = best.policy
    calibration = SelectionCalibration(parts, policies: policies, model: model)
    measuredBatches = 0
    return SelectionRecord(step: progress.step, chosen: best, among: results)
  }
}

/// One line of `selection.jsonl`: what a calibration found, and what was chosen for the steps after it.
public struct SelectionRecord: Codable, Sendable {
  /// What one way to select costs and captures.
  public struct Way: Codable, Sendable {
    /// In a few words.
    public var policy: String
    /// A step's time as a multiple of a plain step's.
    public var overhead: Double
    /// Share of the hardness that exact selection finds; absent where all choices are equally hard.
    public var capturedHardness: Double?
    /// The part of it that the drawn geometry and colours predict.
    public var capturedPredictedHardness: Double?
    /// The part of it that depends on the image.
    public var capturedImageHardness: Double?
    /// That part as a share of what exact selection captures of it.
    public var keptShare: Double?

    init(_ measurement: PolicyMeasurement) {
      policy = measurement.policy.summary
      overhead = measurement.overhead
      capturedHardness = measurement.captured.total
      capturedPredictedHardness = measurement.captured.predicted
      capturedImageHardness = measurement.captured.imageSpecific
      keptShare = measurement.keptShare
    }
  }

  /// Steps taken before the calibration ended.
  public var step: Int
  /// What is done from now on.
  public var chosen: Way
  /// The settings that choose it, as `--set` takes them.
  public var settings: [String]
  /// All ways, exact selection first.
  public var among: [Way]

  init(step: Int, chosen: PolicyMeasurement, among: [PolicyMeasurement]) {
    self.step = step
    self.chosen = Way(chosen)
    settings = chosen.policy.settings
    self.among = among.map(Way.init)
  }

  /// One line for the console.
  var note: String {
    func decimal(_ value: Double) -> String { "\(Double(Int((value * 100).rounded())) / 100)" }
    return "selection from step \(step + 1): \(chosen.policy), \(decimal(chosen.overhead)) × a plain step, keeps "
      + "\(Int(100 * (chosen.keptShare ?? 0))) % of the image-specific hardness (exact: \(decimal(among[0].overhead)) ×)"
  }
}
