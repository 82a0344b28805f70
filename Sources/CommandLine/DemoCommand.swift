import ArgumentParser
import AtomicFiles
import Foundation
import HardViewPretraining
import ImageData
import Pictures
import RunConfiguration
import RunRecords
import Studies

/// `hardviews demo`.
struct DemoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "Train small encoders in pairs, on random and on hard views, and show what hard views gained.",
    discussion: """
      Real images (Fashion-MNIST). Both encoders of a pair begin with the same weights and see the same images in the \
      same order; one is trained on two random views of each image, the other on the hardest two of four. All are \
      measured on the test split. It is a study as `hardviews compare` carries out, and goes on where it was stopped \
      with `hardviews compare --resume FOLDER`.
      """)

  @Option(help: "The first seed, which decides initial weights, order and views.")
  var seed = 0

  @Option(help: "Pairs of runs, with seeds counting up from --seed; fewer than six can show nothing.")
  var seeds = 6

  @Option(help: "Passes over the images.")
  var epochs = Self.usualEpochs

  @Option(help: "The folder of the study; by default runs/demo, with a number where that exists.")
  var output: String?

  private static let usualEpochs = 8
  private static let hard = "hard"

  func validate() throws {
    guard seeds >= 1, epochs >= 1 else { throw ValidationError("--seeds and --epochs must be at least 1.") }
  }

  func run() throws {
    let start = ContinuousClock.now
    let comparison = StudyComparison(
      try Study(study(), components: HardViewsProgram.components),
      in: StudyFolder(at: output ?? unusedPath("runs/demo")))
    var resources = StudyQueue.Resources()
    // The networks are small: runs side by side make more of the cores than threads within a run.
    resources.atOnce = min(resources.cores, 2 * seeds)
    try carry(out: comparison, with: resources)

    let runs = comparison.folder.runs(of: comparison.study).filter { $0.arm == Self.hard }
    let choices = try runs.map { try DemoChoices(of: $0.trainingPath) }
    print("\n" + DemoChoices.summary(of: choices))
    let picture = comparison.folder.path + "/chosen.png"
    try AtomicFile.write(ChosenViews(run: runs[0].trainingPath, limit: 8).sheet().drawn().png(), to: picture)
    print(
      """
      Which views the first of them chose: \(picture). Accuracy against time: \(comparison.folder.picturePath).

      Done in \(describeDuration(seconds: (ContinuousClock.now - start) / .seconds(1))). Next, on your own images:
        hardviews compare --quick --data FOLDER_OF_CLASS_FOLDERS    # do hard views help there?
        hardviews pretrain --recipe simsiam-small --data FOLDER     # an encoder from images without labels
      """)
  }

  private func study() throws -> ConfigurationTree {
    try ConfigurationTree(
      yaml: """
        summary: Hard views against random views, \(epochs) epochs of BYOL on Fashion-MNIST
        recipe: byol-fashion
        settings:
          data: {limit: 6000}
          backbone: {width: 16}
          # At this rate random views did best (Studies/rates.yaml); steps of 64 images take a quarter of it.
          optimizer: {learning_rate: 0.008}
          training: {epochs: \(epochs), batch_size: 64}
          evaluation: {online: {every_epochs: 0}}
        arms:
          random: {settings: {selection: {policy: none}}}
          \(Self.hard): {settings: {selection: {policy: hardest, candidates: 4}}}
        reference: random
        spread: {20-NN: 0.8, linear: 1.2}
        seeds: [\((seed..<seed + seeds).map(String.init).joined(separator: ", "))]
        protocols: {knn: {neighbours: [20]}, linear: {epochs: 10, learning_rates: [0.1, 1.0, 10.0]}}
        """, source: "demo")
  }
}

/// What a run on hard views chose.
struct DemoChoices {
  /// Mean intersection over union of the trained pairs.
  var overlap: Double
  /// The same of random pairs.
  var randomOverlap: Double
  /// Mean loss of the trained pairs when they were chosen.
  var loss: Double
  /// The same of random pairs.
  var randomLoss: Double

  init(of run: String) throws {
    let records = try JSONLines.read(MetricsRecord.self, from: RunDirectory.open(at: run).metricsPath)
    func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(max(values.count, 1)) }
    overlap = mean(records.map(\.selectedOverlap))
    randomOverlap = mean(records.map(\.randomOverlap))
    loss = mean(records.compactMap(\.selectedScore))
    randomLoss = mean(records.compactMap(\.randomScore))
  }

  /// What all runs have in common, in words.
  static func summary(of choices: [DemoChoices]) -> String {
    func range(_ value: (DemoChoices) -> Double) -> String {
      let values = choices.map(value)
      let ends = [values.min()!, values.max()!].map { String(format: "%.2f", $0) }
      return ends[0] == ends[1] ? ends[0] : "\(ends[0]) to \(ends[1])"
    }
    let lessOverlap = choices.count { $0.overlap < $0.randomOverlap }
    let harder = choices.count { $0.loss > $0.randomLoss }
    return """
      Of the \(quantity(choices.count, "run")) on hard views, the trained pairs overlapped less than random pairs in \
      \(lessOverlap) (mean IoU \(range(\.overlap)), random \(range(\.randomOverlap))), and were harder in \(harder) \
      (loss \(range(\.loss)), random \(range(\.randomLoss))).
      """
  }
}
