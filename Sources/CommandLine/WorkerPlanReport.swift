import ArgumentParser
import Foundation
import HardViewPretraining
import RunRecords
import Torch

/// What `hardviews plan --workers` asks for.
struct WorkerPlanOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Predict instead how long steps take on so many workers, such as 8,64,512.", valueName: "counts"))
  var workers: WorkerCounts?

  @Option(
    help: """
      What a worker sends in a second, such as 10Gb (bits, the default) or 1.25GB (bytes); measured where a launcher \
      starts several workers.
      """)
  var bandwidth: Bandwidth?

  @Option(help: "What a short message takes, such as 50us (the default) or 0.05ms; measured likewise.")
  var latency: Latency?

  @Option(
    help: ArgumentHelp("Workers that share a machine like this one; so many train here at once.", valueName: "count"))
  var perMachine = 1

  /// The network as it is stated, else as it is between the workers, or, where there is one, as defaults say.
  func network(of workers: any Communicator) throws -> Network {
    let standard = Network(bytesPerSecond: 1.25e9, latency: 50e-6)
    let isStated = bandwidth != nil && latency != nil
    var network = workers.count > 1 && !isStated ? try Network.measured(over: workers) : standard
    if let bandwidth { network.bytesPerSecond = bandwidth.bytesPerSecond }
    if let latency { network.latency = latency.seconds }
    return network
  }

  func validate() throws {
    guard perMachine >= 1 else { throw ValidationError("--per-machine must be at least 1.") }
  }

  /// Numbers of workers with commas between.
  struct WorkerCounts: ExpressibleByArgument {
    let numbers: [Int]

    init?(argument: String) {
      let texts = argument.split(separator: ",", omittingEmptySubsequences: false)
      numbers = texts.compactMap { Int($0.trimmingCharacters(in: .whitespaces)) }
      guard numbers.count == texts.count, numbers.allSatisfy({ (1...1_000_000).contains($0) }) else { return nil }
    }
  }

  struct Bandwidth: ExpressibleByArgument {
    let bytesPerSecond: Double

    init?(argument: String) {
      let units = [("Tb", 1.25e11), ("Gb", 1.25e8), ("Mb", 1.25e5), ("TB", 1e12), ("GB", 1e9), ("MB", 1e6)]
      guard let value = number(in: argument, units: units) else { return nil }
      bytesPerSecond = value
    }
  }

  struct Latency: ExpressibleByArgument {
    let seconds: Double

    init?(argument: String) {
      let units = [("ms", 1e-3), ("us", 1e-6), ("µs", 1e-6), ("ns", 1e-9), ("s", 1.0)]
      guard let value = number(in: argument, units: units) else { return nil }
      seconds = value
    }
  }
}

/// The number in front of one of some units, as so many of what the unit is of; nil where there is none above zero.
func number(in text: String, units: [(name: String, size: Double)]) -> Double? {
  guard let unit = units.first(where: { text.hasSuffix($0.name) }),
    let value = Double(text.dropLast(unit.name.count).trimmingCharacters(in: .whitespaces)), value.isFinite, value > 0
  else { return nil }
  return value * unit.size
}

/// What `hardviews plan --workers` prints.
struct WorkerPlanReport {
  let plan: WorkerPlan
  let workers: [Int]

  var text: String {
    """
    \(plan.epochs) epochs of \(plan.stepsPerEpoch) steps of \(plan.batchSize) images of all workers together
    a worker sends \(rate) a second; a short message takes \(String(format: "%.0f µs", plan.network.latency * 1e6))

    \(table.text)
    \(Self.explanation)

    \(saturation)
    """
  }

  private var rate: String {
    let bytes = plan.network.bytesPerSecond
    return bytes < 1e9 ? String(format: "%.0f MB", bytes / 1e6) : String(format: "%.2f GB", bytes / 1e9)
  }

  private var table: Table {
    var table = Table(columns: [
      .right("workers"), .right("images"), .right("computing"), .right("gradients"), .right("others"),
      .right("a step"), .right("faster"), .right("in all"),
    ])
    for workers in workers {
      guard let step = plan.prediction(for: workers) else {
        table.addRow(["\(workers)", "–", "–", "–", "–", "–", "–", "–"])
        continue
      }
      table.addRow([
        "\(workers)", "\(step.images)", (step.isMeasured ? "" : "~ ") + span(step.computing), span(step.gradients),
        span(step.others), span(step.seconds),
        String(format: "%.1f ×", plan.speedup(step)),
        span(step.seconds * Double(plan.stepsPerEpoch * plan.epochs)),
      ])
    }
    return table
  }

  private static let explanation = """

    Images: of each worker. Computing: measured here, or, with ~, on a line through
    what was. Gradients: waiting for them beyond the backward pass. Others: waiting
    for batch statistics, and for rows of other workers. Faster: than one worker
    with the whole batch. In all: all epochs. –: the batch does not divide.
    """

  private var saturation: String {
    let fastest = plan.fastest
    let shortest =
      "The shortest step is that of \(fastest.workers) worker\(fastest.workers == 1 ? "" : "s"): "
      + "\(span(fastest.seconds)), \(String(format: "%.1f", plan.speedup(fastest))) times faster than one."
    guard let (step, cause) = plan.saturation else {
      return "No number of workers that divides the batch spends half of its time in vain.\n" + shortest
    }
    return
      "Saturates at \(step.workers) workers of \(step.images) image\(step.images == 1 ? "" : "s"): more than half of "
      + "their time goes into\n\(cause).\n" + shortest
  }
}

extension WorkerPlanReport {
  /// What `--json` prints.
  var json: some Encodable { Summary(self) }

  private struct Summary: Encodable {
    struct Row: Encodable {
      var workers: Int
      var imagesEach: Int
      var isMeasured: Bool
      var computingSeconds: Double
      var gradientSeconds: Double
      var otherSeconds: Double
      var stepSeconds: Double
      var speedup: Double

      init(_ step: WorkerPlan.Prediction, of plan: WorkerPlan) {
        workers = step.workers
        imagesEach = step.images
        isMeasured = step.isMeasured
        computingSeconds = step.computing
        gradientSeconds = step.gradients
        otherSeconds = step.others
        stepSeconds = step.seconds
        speedup = plan.speedup(step)
      }
    }

    var batchSize: Int
    var stepsPerEpoch: Int
    var epochs: Int
    var bytesPerSecond: Double
    var latency: Double
    var workersPerMachine: Int
    var rows: [Row]
    var saturation: Row?
    var fastest: Row

    init(_ report: WorkerPlanReport) {
      let plan = report.plan
      batchSize = plan.batchSize
      stepsPerEpoch = plan.stepsPerEpoch
      epochs = plan.epochs
      bytesPerSecond = plan.network.bytesPerSecond
      latency = plan.network.latency
      workersPerMachine = plan.workersPerMachine
      rows = report.workers.compactMap { plan.prediction(for: $0).map { Row($0, of: plan) } }
      saturation = plan.saturation.map { Row($0.prediction, of: plan) }
      fastest = Row(plan.fastest, of: plan)
    }
  }
}

/// A length of time in the unit that suits it.
func span(_ seconds: Double) -> String {
  if seconds < 10 { return String(format: "%.0f ms", seconds * 1e3) }
  if seconds < 600 { return String(format: "%.0f s", seconds) }
  return seconds < 36_000 ? String(format: "%.0f min", seconds / 60) : String(format: "%.1f h", seconds / 3600)
}
