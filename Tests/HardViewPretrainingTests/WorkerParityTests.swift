import Checkpoints
import HardViewSelection
import ImageData
import NeuralNetworks
import Optimization
import RunConfiguration
import TestSupport
import Testing
import Torch

@testable import HardViewPretraining
@testable import Objectives

/// One worker with a whole batch, and several with a part of it each: the same losses, choices and weights.
@Suite struct WorkerParityTests {
  private struct Training: Sendable {
    var losses: [Double] = []
    /// `[step][image]`: how hard the choices are.
    var hardness: [[Float]] = []
    /// `[step][image][slot]`.
    var chosen: [[[Int]]] = []
    var weights: [(name: String, values: [Float])] = []
    /// What selection has learned.
    var learned: [[Float]] = []
  }

  /// Differences of rounding grow with the rate, until a choice differs; faster where losses divide by small numbers.
  private static let rates = [
    "simclr": 0.003, "mv-dhel": 0.003, "barlow-twins": 0.002, "vicreg": 0.003, "lejepa": 0.02, "simsiam": 0.01,
  ]

  private static func settings(_ method: String) throws -> [String] {
    let transformer = "{name: vit_tiny, stem: cifar, width: 16, depth: 2, patch_size: 4, channels: 1}"
    let convolutions = "{name: resnet18, stem: cifar, width: 8, channels: 1}"
    return [
      "method={name: \(method), \(SmallMethods.sections[method]!.dropFirst())",
      "backbone=\(try SmallMethods.method(method).takesLocalViews ? transformer : convolutions)",
    ]
  }

  /// Trains a few steps on this worker's part.
  private func train<Method: SelfSupervisedMethod>(
    _ type: Method.Type, _ resolved: ResolvedConfiguration, steps: Int, accumulation: Int = 1
  ) throws -> Training {
    let parts = try CheapSelectionTests.parts(type, resolved)
    let (learner, taken) = try parts.train(steps: steps, epochs: 100, accumulation: accumulation, imageCount: 64)
    var training = Training()
    training.losses = taken.map(\.loss.number)
    training.hardness = taken.map { $0.choices.flatMap { $0.scores?.chosen.scalars(as: Float.self) ?? [] } }
    training.chosen = taken.map { $0.choices.flatMap { $0.table() } }
    training.learned = learner.selection.tensors.map { $0.value.scalars() }
    training.weights = parts.method.namedState().map { ($0.name, $0.entry.value.scalars()) }
    return training
  }

  private func compare(
    _ method: String, _ settings: [String] = [], workers counts: [Int], steps: Int, accumulation: Int = 1
  ) throws {
    func check<Method: SelfSupervisedMethod>(_ type: Method.Type) throws {
      try withTemporaryDirectory { folder in
        let tiny = try TinyRun(in: folder)
        var tree = try tiny.configuration(["optimizer.learning_rate=\(Self.rates[method] ?? 0.03)"]).tree
        for setting in try Self.settings(method) {
          tree.set(.mapping([]), at: String(setting.prefix { $0 != "=" }))
          try tree.set(setting)
        }
        if method == "simclr" { try tree.set("method.temperature=0.5") }
        for setting in settings { try tree.set(setting) }
        let resolved = try ResolvedConfiguration(tree)
        // A group of one, so that threads are as many.
        let whole = try onWorkers(1) { _ in try train(type, resolved, steps: steps, accumulation: accumulation) }[0]
        #expect(Set(whole.chosen.joined()).count > 1, "nothing was chosen")
        for count in counts {
          let parts = try onWorkers(count) { _ in
            try train(type, resolved, steps: steps, accumulation: accumulation)
          }
          for part in parts {
            for (step, (one, other)) in zip(whole.losses, part.losses).enumerated() {
              #expect(abs(one - other) < 1e-5 * max(1, abs(one)), "loss of step \(step): \(one) and \(other)")
            }
            for (first, second) in zip(whole.weights, part.weights) {
              let distance = zip(first.values, second.values).map { abs($0 - $1) }.max() ?? 0
              #expect(distance < 1e-4 * max(1, first.values.map(abs).max() ?? 0), "\(first.name): \(distance)")
            }
          }
          for (first, second) in zip(parts[0].weights, parts[1].weights) { #expect(first.values == second.values) }
          for step in 0..<steps where accumulation == 1 {
            let (chosen, hardness) = (parts.flatMap { $0.chosen[step] }, parts.flatMap { $0.hardness[step] })
            for image in chosen.indices where chosen[image] != whole.chosen[step][image] {
              // As hard as each other, to the last digits.
              let difference = abs(hardness[image] - whole.hardness[step][image])
              #expect(difference < 2e-6 * max(1, abs(hardness[image])), "step \(step), image \(image)")
            }
          }
        }
      }
    }
    try check(try SmallMethods.method(method))
  }

  @Test(arguments: SmallMethods.names)
  func partsOfABatchTrainAsTheWhole(method: String) throws {
    try compare(method, workers: [2], steps: 6)
  }

  @Test func fourPartsTrainAsTheWhole() throws {
    try compare("simsiam", workers: [4], steps: 12)
  }

  /// Each selects for its share of its own images; what is known of images is known to all.
  @Test func workersThatFavorImagesKnowWhatOthersHaveSeen() throws {
    try withTemporaryDirectory { folder in
      let settings = [
        "selection.favors=hardest", "selection.share.start=0.5", "selection.share.end=0.5",
        "selection.share_follows_gain=true",
      ]
      let resolved = try TinyRun(in: folder).configuration(settings)
      let parts = try onWorkers(2) { _ in try train(SimSiam.self, resolved, steps: 5) }
      #expect(parts[0].learned == parts[1].learned)
      #expect(parts[0].learned[0].count { $0 != 0 } > 50)
      for (first, second) in zip(parts[0].weights, parts[1].weights) { #expect(first.values == second.values) }
    }
  }

  /// Each worker then is a training of its own but for the gradients.
  @Test func batchStatisticsCanStayApart() throws {
    let rows = Tensor.normal([8, 3], using: Generator(seed: 1))
    let parts = try onWorkers(2) { workers in
      let own = rows.narrowed(along: 0, from: workers.rank * 4, count: 4)
      return [withLocalBatchStatistics { BatchNorm(3)(own, in: .train) }, BatchNorm(3)(own, in: .train)]
    }
    let whole = BatchNorm(3)(rows, in: .train)
    for (place, part) in rows.split(into: 2).enumerated() {
      #expect(relativeError(parts[place][0], BatchNorm(3)(part, in: .train)) < 1e-5)
      #expect(relativeError(parts[place][1], whole.narrowed(along: 0, from: place * 4, count: 4)) < 1e-5)
    }
    #expect(relativeError(parts[0][0], parts[0][1]) > 1e-2)
  }

  @Test func partsOfPartsTrainAsTheWhole() throws {
    try compare("dino", workers: [2], steps: 4, accumulation: 2)
  }
}
