import Checkpoints
import Foundation
import HardViewPretraining
import HardViewSelection
import Objectives
import RunRecords
import TestSupport
import Testing
import Torch

/// What happens when training goes wrong.
@Suite struct FailureTests {
  /// The rate is zero in the first epoch and absurd in the second, whose first update ruins the weights.
  private let explosion = [
    "optimizer.learning_rate=1e38", "optimizer.schedule.warmup_epochs=2", "training.epochs=4",
    "safety.collapse=ignore", "method.fixes_predictor_rate=false",
  ]

  @Test func aLossThatIsNoNumberStopsAndTheLastGoodCheckpointSurvives() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let task = try Pretraining.start(tiny.configuration(explosion), output: tiny.directory("a"))
      let error = #expect(throws: NonFiniteLossError.self) { try task.run() }
      #expect(error?.epoch == 1)
      #expect(error?.description.contains("learning_rate") == true)
      try expectGoodCheckpoint(tiny.directory("a"), step: 4)
    }
  }

  @Test func suchStepsMayBeLeftOutButTheirWeightsAreNotSaved() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let settings = explosion + ["safety.non_finite_loss=warn"]
      let task = try Pretraining.start(tiny.configuration(settings), output: tiny.directory("a"))
      var warnings: [String] = []
      #expect(throws: NonFiniteLossError.self) {
        try task.run(shouldStop: { false }) { if case .warning(let text) = $0 { warnings.append(text) } }
      }
      #expect(warnings.count >= 5 && warnings.count < 10)
      #expect(warnings.allSatisfy { $0.contains("left out") })
      try expectGoodCheckpoint(tiny.directory("a"), step: 4)
    }
  }

  @Test func collapseStopsOrWarnsOnce() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let settings = ["training.epochs=3", "safety.rank_floor=1000"]
      let stopping = try Pretraining.start(
        tiny.configuration(settings + ["safety.collapse=stop"]), output: tiny.directory("a"))
      let error = #expect(throws: CollapseError.self) { try stopping.run() }
      #expect(error?.epoch == 1)
      #expect(error?.description.contains("overlap_floor") == true)
      try expectGoodCheckpoint(tiny.directory("a"), step: 4)

      var warnings = 0
      let warning = try Pretraining.start(tiny.configuration(settings), output: tiny.directory("b"))
      let outcome = try warning.run(shouldStop: { false }) { if case .warning = $0 { warnings += 1 } }
      #expect(outcome == .finished && warnings == 1)
    }
  }

  @Test func healthOfEmbeddings() {
    let spread = EmbeddingHealth(of: .normal([256, 64], using: Generator(seed: 1)))
    #expect(abs(spread.deviation - 1) < 0.02 && spread.rank > 50)
    let line = Tensor.normal([256, 1], using: Generator(seed: 2)).matmul(.normal([1, 64], using: Generator(seed: 3)))
    #expect(abs(EmbeddingHealth(of: line).rank - 1) < 0.01)
    let point = EmbeddingHealth(of: Tensor.ones([256, 64]) + .normal([256, 64], using: Generator(seed: 4)) * 1e-4)
    #expect(point.deviation < 0.01 && point.rank < 1.01)
    // Eight directions, each as often: the rank is their number.
    let eight = Tensor.identity(64).selecting(Tensor((0..<256).map { $0 % 8 }))
    #expect(abs(EmbeddingHealth(of: eight).rank - 8) < 1e-3)
  }

  private func expectGoodCheckpoint(_ path: String, step: Int) throws {
    let directory = try RunDirectory.open(at: path)
    let checkpoint = try Checkpoint(path: directory.checkpointPath)
    #expect(checkpoint.metadata["progress"]?.contains("\"step\":\(step)") == true)
    for name in checkpoint.names where name.hasPrefix("model.") {
      let values = try checkpoint.tensor(name).scalars(as: Float.self)
      #expect(values.allSatisfy { $0.isFinite }, "\(name)")
    }
  }
}
