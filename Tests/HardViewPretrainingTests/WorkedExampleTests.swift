import Foundation
import HardViewPretraining
import HardViewSelection
import MethodConformance
import NeuralNetworks
import Objectives
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

  @Test func itKeepsTheMethodsPromises() throws {
    try MethodConformance.check(AlignmentUniformity.self)
  }

  @Test func itTrainsOnHardViews() throws {
    let method = try SmallMethods.make(AlignmentUniformity.self)
    let space = CandidateSpace(plan: .pair, poolSizes: [4])
    let pool = SmallMethods.pool(for: method, sizes: [4], batch: 32)
    let draw = BatchDraw(seed: 0, epoch: 0, samples: Array(0..<32))
    var optimization = OptimizerConfiguration()
    (optimization.learningRate, optimization.schedule) = (1, .constant)
    let learner = try SmallMethods.learner(method, SelectionConfiguration(), optimization, batch: 32)
    let steps = try (0..<20).map { step in
      let context = StepContext(TrainingProgress(step: step, stepsPerEpoch: 20, totalEpochs: 1), draw)
      return try learner.train(on: learner.selection.choose(from: pool, for: method, in: context), in: context)
    }
    #expect(steps[19].loss.number < steps[0].loss.number)
    let choice = try #require(steps[19].choices.first)
    let hardest = try #require(choice.scores).values.scores(in: space).argmax(along: 0).scalars(as: Int.self)
    #expect(choice.table() == hardest.map { space.candidates[$0] })
  }
}
