import Foundation
import HardViewPretraining
import NeuralNetworks
import Optimization
import TestSupport
import Testing
import Torch

/// The method that Documentation/AddingAMethod.md is written around.
@Suite struct WorkedExampleTests {
  @Test func documentationShowsTheCodeThatIsTested() throws {
    let tests = URL(filePath: #filePath).deletingLastPathComponent()
    let code = try String(contentsOf: tests.appending(path: "AlignmentUniformity.swift"), encoding: .utf8)
    let root = tests.deletingLastPathComponent().deletingLastPathComponent()
    let text = try String(contentsOf: root.appending(path: "Documentation/AddingAMethod.md"), encoding: .utf8)
    #expect(text.contains("```swift\n\(code)```"))
  }

  @Test func itTrainsOnHardViews() throws {
    let method = try SmallMethods.make(AlignmentUniformity.self)
    let space = CandidateSpace(plan: .pair, poolSizes: [4])
    let pool = SmallMethods.pool(for: method, sizes: [4], batch: 32)
    let draw = SelectionDraw(seed: 0, epoch: 0, samples: Array(0..<32))
    var optimization = OptimizerConfiguration()
    (optimization.learningRate, optimization.schedule) = (1, .constant)
    let pretrainer = Pretrainer(
      method, hardViews: HardViews(scorer: LossScorer(), selector: Hardest()),
      optimizer: ScheduledOptimizer(optimization, groups: method.parameterGroups, batchSize: 32))
    let reports = try (0..<20).map {
      try pretrainer.step(
        on: pool, in: space, at: TrainingProgress(step: $0, stepsPerEpoch: 20, totalEpochs: 1), draw: draw)
    }
    #expect(reports[19].loss < reports[0].loss)
    let scores = try #require(reports[19].scores).scores(in: space)
    let hardest = scores.argmax(along: 0).scalars(as: Int.self)
    let slots = try #require(reports[19].slots)
    for image in 0..<32 { #expect(slots.map { $0[image] } == space.candidates[hardest[image]]) }
  }
}
