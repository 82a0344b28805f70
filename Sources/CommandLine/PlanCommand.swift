import ArgumentParser
import AtomicFiles
import Foundation
import HardViewPretraining
import HardViewSelection
import Pictures
import RunConfiguration
import RunRecords
import Torch

/// `hardviews plan`.
struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Predict what a run will cost, and find the cheapest selection that keeps the gain of hard views.",
    discussion: """
      Trains a network of its own for a few steps, times every policy on real batches, holds what each selects \
      against exact losses, and leaves no trace.

      hardviews plan my.yaml --data PHOTOS
      hardviews plan --recipe simsiam-small --data PHOTOS --budget 2h
      hardviews plan my.yaml --data PHOTOS --workers 8,64,512 --bandwidth 25Gb
      """)

  @OptionGroup var chosen: ChosenConfiguration

  @Option(help: "Say how many epochs fit into a time, such as 90m, 2h or 3d.")
  var budget: Duration?

  @OptionGroup(title: "Several workers") var group: WorkerPlanOptions

  @Option(help: "Plain steps before hardness is measured.")
  var warmUpSteps = 40

  @Option(help: "Batches that are measured.")
  var rounds = 5

  @Option(help: "Draw cost against captured hardness as a PNG file.")
  var picture: String?

  @Flag(help: "Print JSON.")
  var json = false

  /// Seconds, as `90s`, `45m`, `2h` or `1d`.
  struct Duration: ExpressibleByArgument {
    let seconds: Double

    init?(argument: String) {
      guard let value = number(in: argument, units: [("s", 1), ("m", 60), ("h", 3600), ("d", 86400)]) else {
        return nil
      }
      seconds = value
    }
  }

  func validate() throws {
    try chosen.check()
    guard warmUpSteps >= 2, rounds >= 1 else {
      throw ValidationError("--warm-up-steps must be at least 2 and --rounds at least 1.")
    }
  }

  func run() throws {
    if let workers = group.workers {
      return try WorkerProcess.run(timeout: 600) {
        WorkerProcess.silence()
        try planGroup(of: workers.numbers)
      }
    }
    let plan = try PretrainingPlan.calibrate(
      chosen.resolved(), warmUpSteps: warmUpSteps, rounds: rounds
    ) { Watching.opened($0) }
    if let picture { try AtomicFile.write(Data(chart(of: plan).draw().png()), to: picture) }
    if json { return try printJSON(PlanReport(plan, budget: budget?.seconds)) }
    print(
      """
      \(plan.epochs) epochs of \(plan.stepsPerEpoch) steps of \(plan.batchSize) images, \(span(plan.plainSeconds)) a plain step
      about \(bytes(plan.peakBytes)) of memory at most
      calibrated with \(plan.calibrationBatchSize) images a step after \(plan.warmUpSteps) plain steps

      """)
    // Narrow enough for 80 columns.
    var columns: [Table.Column] = [
      .wrapped("selection", width: 29), .right("× plain"), .right("captured"), .right("image"), .right("kept"),
      .right("in all"),
    ]
    if budget != nil { columns.append(.right("epochs")) }
    var table = Table(columns: columns)
    func fitting(_ measurement: PolicyMeasurement?) -> [String] {
      budget.map { ["\(plan.epochs(in: $0.seconds, with: measurement))"] } ?? []
    }
    table.addRow(["plain", "1.00", "0.00", "", "", span(plan.seconds(with: nil))] + fitting(nil))
    for row in plan.measurements {
      table.addRow(
        [
          row.policy.summary, decimal(row.overhead), decimal(row.captured.total), decimal(row.captured.imageSpecific),
          decimal(row.keptShare), span(plan.seconds(with: row)),
        ] + fitting(row))
    }
    print(table.text)
    print(explanation(plan))
  }

  private func planGroup(of workers: [Int]) throws {
    let configuration = try chosen.resolved()
    guard configuration.values.device == .cpu || group.perMachine == 1 else {
      throw ValidationError(
        "--per-machine trains several networks on processors at once. On GPUs each worker has its own: leave it out.")
    }
    let network = try configuration.values.device.use { try group.network(of: Workers.current) }
    let plan = try WorkerPlan.measure(
      configuration, workers: workers, network: network, workersPerMachine: group.perMachine, rounds: rounds
    ) { Watching.opened($0) }
    let report = WorkerPlanReport(plan: plan, workers: workers)
    if json { try printJSON(report.json) } else { print(report.text) }
  }

  private func chart(of plan: PretrainingPlan) -> TradeOffChart {
    TradeOffChart(
      plan.measurements.map { row in
        TradeOffChart.Mark(
          name: "\(row.policy.summary), \(decimal(row.overhead)) ×", cost: row.overhead, total: row.captured.total ?? 0,
          part: row.captured.imageSpecific ?? 0)
      },
      costTitle: "a step's time as a multiple of a plain step's",
      totalTitle: "captured hardness, all of it", partTitle: "the part that depends on the image")
  }

  private func explanation(_ plan: PretrainingPlan) -> String {
    let best = plan.best
    let kept = Int(100 * (best.keptShare ?? 0))
    var text = """

      × plain: a step's time as a multiple of a plain step's. Captured: how much of
      the hardness that exact selection finds; image: the part of it that depends on
      the image, and is not predictable from crops and colors. Kept: that part as a
      share of exact selection's. In all: the time of all epochs.
      """
    if budget != nil { text += "\nEpochs: how many fit into the budget." }
    guard (best.expectedGain ?? 0) >= PolicyChoice.wantedShare else {
      return text + """


        Nothing keeps 90 % of exact selection's image-specific hardness here, exact
        selection included: the views are too alike for this network. Try more
        --warm-up-steps.
        """
    }
    let flags = best.policy.settings.map { " --set \($0)" }.joined()
    text +=
      "\n\nCheapest that keeps the gain: \(best.policy.summary),\n\(decimal(best.overhead)) × a plain step, \(kept) % kept"
      + (best.policy.selection.targets == .mean ? "; calm targets gain by themselves." : ".")
      + (flags.isEmpty ? "" : "\nTo take it:\(flags)")
    if let budget {
      let epochs = plan.epochs(in: budget.seconds, with: best)
      text +=
        epochs == 0
        ? "\nNot one epoch fits the budget."
        : "\nIn the budget it trains \(epochs) epochs: --set training.epochs=\(epochs)"
    }
    return text
  }
}

/// What `hardviews plan --json` prints.
private struct PlanReport: Codable {
  struct Row: Codable {
    var policy: String
    var settings: [String]
    var stepSeconds: Double
    var overhead: Double
    var captured: Double?
    var capturedPredicted: Double?
    var capturedImage: Double?
    var keptShare: Double?
    var totalSeconds: Double
    var epochsInBudget: Int?
  }

  var batchSize: Int
  var calibrationBatchSize: Int
  var warmUpSteps: Int
  var stepsPerEpoch: Int
  var epochs: Int
  var peakBytes: Int
  var plainStepSeconds: Double
  var rows: [Row]
  var best: String

  init(_ plan: PretrainingPlan, budget: Double?) {
    batchSize = plan.batchSize
    calibrationBatchSize = plan.calibrationBatchSize
    warmUpSteps = plan.warmUpSteps
    stepsPerEpoch = plan.stepsPerEpoch
    epochs = plan.epochs
    peakBytes = plan.peakBytes
    plainStepSeconds = plan.plainSeconds
    best = plan.best.policy.summary
    rows = plan.measurements.map { row in
      Row(
        policy: row.policy.summary, settings: row.policy.settings, stepSeconds: row.stepSeconds,
        overhead: row.overhead, captured: row.captured.total, capturedPredicted: row.captured.predicted,
        capturedImage: row.captured.imageSpecific, keptShare: row.keptShare, totalSeconds: plan.seconds(with: row),
        epochsInBudget: budget.map { plan.epochs(in: $0, with: row) })
    }
  }
}

private func decimal(_ value: Double?) -> String {
  value.map { String(format: "%.2f", $0) } ?? "–"
}

private func bytes(_ count: Int) -> String { String(format: "%.1f GB", Double(count) / 1e9) }
