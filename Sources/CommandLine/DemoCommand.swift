import ArgumentParser
import Encoders
import Foundation
import HardViewPretraining
import HardViewSelection
import RepresentationEvaluation
import RunConfiguration
import RunEvaluation
import RunRecords
import Statistics

/// `hardviews demo`.
struct DemoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "Train a small encoder twice, on random and on hard views, and show what hard views gained.",
    discussion: """
      Real images (Fashion-MNIST), the same initial weights, the same images in the same order; once two random views
      of each image, once the hardest two of four. Both encoders are measured on the test split.
      """)

  @Option(help: "Decides initial weights, order and views.")
  var seed = 0

  @Option(help: "Pairs of runs, with seeds counting up from --seed; from two on, the gain gets an interval.")
  var seeds = 1

  @Option(help: "Passes over the images; by default those of the recipe.")
  var epochs: Int?

  @Option(help: "The folder for the runs; by default runs/demo, with a number when that exists.")
  var output: String?

  func validate() throws {
    guard seeds >= 1 else { throw ValidationError("--seeds must be at least 1.") }
  }

  func run() throws {
    let output = self.output ?? unusedPath("runs/demo")
    let start = ContinuousClock.now
    var results: [DemoPair] = []
    for seed in seed..<seed + seeds {
      let random = try measure(.none, seed: seed, in: "\(output)/seed\(seed)-random")
      let hard = try measure(.hardest, seed: seed, in: "\(output)/seed\(seed)-hard")
      results.append(DemoPair(seed: seed, random: random, hard: hard))
      try writeJSON(results, to: "\(output)/demo.json")
      print(results[results.count - 1].table)
      fflush(nil)
    }
    if results.count > 1 { print(DemoPair.summary(of: results)) }
    let elapsed = ContinuousClock.now - start
    print(
      """
      Done in \(describeDuration(seconds: Double(elapsed.components.seconds))). Runs, metrics and checkpoints are in \(output).
      Next:
        hardviews evaluate knn \(output)/seed\(seed)-hard
        hardviews pretrain --recipe simsiam-small --data FOLDER_OF_YOUR_IMAGES
        hardviews recipes
      """)
  }

  private func measure(
    _ policy: SelectionPolicy, seed: Int, in path: String
  ) throws -> DemoResult {
    var settings = try Recipes.named("simsiam-fashion")
    settings.set(.string(policy.rawValue), at: "selection.policy")
    settings.set(.integer(seed), at: "seed")
    if let epochs { settings.set(.integer(epochs), at: "training.epochs") }
    let task = try Pretraining.start(ResolvedConfiguration(settings), output: path, onSkip: Watching.skipped)
    let label = policy == .none ? "Two random views, seed \(seed)," : "The hardest two of four views, seed \(seed),"
    let start = ContinuousClock.now
    try Watching.train(task, in: path, label: label, isPartOfMore: true)
    let elapsed = ContinuousClock.now - start

    // Every labelled image of the training split, not only those trained on: measuring is cheap and less noisy so.
    let evaluation = try EncoderEvaluation(
      VisionEncoder(path), images: EvaluationImages(data: settings.string(at: "data.path")), onSkip: Watching.skipped)
    var neighbours = NearestNeighbours()
    neighbours.neighbours = [20]
    var probe = LinearProbe()
    probe.epochs = 30
    let knn = try evaluation.run(neighbours).result.votes[0].accuracy.top1
    let linear = try evaluation.run(probe).result.test.top1
    let metrics = try JSONLines.read(MetricsRecord.self, from: RunDirectory.open(at: path).metricsPath)
    let weights = metrics.map { $0.dataSeconds + $0.selectionSeconds + $0.trainingSeconds }
    let images = zip(metrics, weights).map { $0.imagesPerSecond * $1 }.reduce(0, +)
    return DemoResult(
      knn: knn, linear: linear, seconds: Double(elapsed.components.seconds),
      imagesPerSecond: images / weights.reduce(0, +),
      meanOverlap: metrics.map(\.selectedOverlap).reduce(0, +) / Double(metrics.count))
  }
}

/// What one run of the demo came to.
struct DemoResult: Codable {
  /// Top-1 of 20 nearest neighbours.
  var knn: Double
  /// Top-1 of the linear probe.
  var linear: Double
  /// Training time.
  var seconds: Double
  /// Throughput of training.
  var imagesPerSecond: Double
  /// Mean intersection over union of the trained pairs.
  var meanOverlap: Double
}

/// Two runs that differ in the selection alone.
struct DemoPair: Codable {
  var seed: Int
  var random: DemoResult
  var hard: DemoResult

  /// The table that the demo prints.
  var table: String {
    var table = Table(columns: [
      .left(""), .right("20-NN"), .right("linear"), .right("time"), .right("images/s"), .right("mean IoU"),
    ])
    for (name, result) in [("two random views", random), ("hardest two of four", hard)] {
      table.addRow([
        name, percent(result.knn), percent(result.linear), describeDuration(seconds: result.seconds),
        String(format: "%.0f", result.imagesPerSecond), String(format: "%.3f", result.meanOverlap),
      ])
    }
    table.addRow([
      "gain", points(hard.knn - random.knn), points(hard.linear - random.linear),
      String(format: "%.2fx", hard.seconds / max(random.seconds, 1)), "", "",
    ])
    return table.text
  }

  /// Mean gains over seeds with their 95 % intervals.
  static func summary(of pairs: [DemoPair]) -> String {
    var table = Table(columns: [
      .left("\(pairs.count) paired seeds"), .right("random"), .right("hard"), .right("gain, 95 % interval"),
    ])
    for (name, value) in [("20-NN", \DemoResult.knn), ("linear", \DemoResult.linear)] {
      let before = pairs.map { $0.random[keyPath: value] }
      let after = pairs.map { $0.hard[keyPath: value] }
      let gain = PairedDifference(from: before, to: after)
      table.addRow([
        name, percent(before.reduce(0, +) / Double(pairs.count)), percent(after.reduce(0, +) / Double(pairs.count)),
        points(gain.mean) + " ± " + String(format: "%.2f", (gain.halfWidth ?? 0) * 100),
      ])
    }
    return table.text
  }
}

/// A difference of shares in percentage points, with its sign.
private func points(_ difference: Double) -> String {
  String(format: "%+.2f", difference * 100)
}
