import Checkpoints
import Foundation
import HardViewSelection
import ImageData
import Objectives
import RunConfiguration
import RunRecords
import TestSupport
import Testing
import Torch
import ViewRecords

@testable import HardViewPretraining

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
      let own = warnings.filter { !$0.contains("are copies of others") }
      #expect(own.count >= 5 && own.count < 10)
      #expect(own.allSatisfy { $0.contains("left out") })
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
      let outcome = try warning.run(shouldStop: { false }) {
        if case .warning(let text) = $0, text.contains("collapsed") { warnings += 1 }
      }
      #expect(outcome == .finished && warnings == 1)
    }
  }

  /// Each time to an earlier checkpoint, with half as many hard views; then it stops as it would have.
  @Test func collapseMayGoBackThreeTimes() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let settings = [
        "training.epochs=5", "safety.rank_floor=1000", "safety.grace_epochs=2", "safety.collapse=go_back",
        "records.metrics_every_steps=3", "records.views_of_images=100",
      ]
      let task = try Pretraining.start(tiny.configuration(settings), output: tiny.directory("a"))
      var warnings: [String] = []
      #expect(throws: CollapseError.self) {
        try task.run(shouldStop: { false }) { if case .warning(let text) = $0 { warnings.append(text) } }
      }
      #expect(warnings.count { $0.contains("Training went back") } == 3)
      let directory = try RunDirectory.open(at: tiny.directory("a"))
      let findings = try JSONLines.read(HealthFinding.self, from: directory.healthPath)
      let returns = findings.filter { $0.kind == .wentBack }
      // The newest checkpoint is of the end of epoch 2, the one before of the end of epoch 1; two are kept.
      #expect(returns.map(\.step) == [8, 4, 4])
      #expect(zip(returns, ["50 %", "25 %", "13 %"]).allSatisfy { $0.message.contains($1) }, "\(returns)")
      // Records are those of the last try alone.
      let metrics = try JSONLines.read(MetricsRecord.self, from: directory.metricsPath)
      #expect(zip(metrics, metrics.dropFirst()).allSatisfy { $0.step < $1.step })
      let views = try JSONLines.read(ViewsRecord.self, from: directory.viewsPath)
      #expect(zip(views, views.dropFirst()).allSatisfy { $0.step <= $1.step })
      #expect(metrics.last?.selectionShare ?? 1 < 0.3)
    }
  }

  /// Half of the images get hard views from then on, also in a run that goes on.
  @Test func collapseMayLowerTheShareOfHardViews() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let settings = ["training.epochs=3", "safety.rank_floor=1000", "safety.collapse=lower_share"]
      let task = try Pretraining.start(tiny.configuration(settings), output: tiny.directory("a"))
      #expect(try task.run() == .finished)
      let directory = try RunDirectory.open(at: tiny.directory("a"))
      func shares() throws -> [Double] {
        try JSONLines.read(MetricsRecord.self, from: directory.metricsPath).map(\.selectionShare)
      }
      #expect(try shares().first == 1 && shares().last == 0.5)
      #expect(try JSONLines.read(HealthFinding.self, from: directory.healthPath).contains { $0.kind == .loweredShare })
      let longer = try Pretraining.resume(tiny.directory("a")) { tree in
        try tree.set("training.epochs=4")
        try tree.set("safety.collapse=ignore")
      }
      #expect(try longer.run() == .finished)
      #expect(try shares().last == 0.5)
    }
  }

  /// A run without hard views has nothing to change, and stops at once.
  @Test func withoutHardViewsThereIsNoWayBack() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let settings = [
        "training.epochs=3", "safety.rank_floor=1000", "safety.collapse=go_back", "selection.policy=none",
      ]
      let task = try Pretraining.start(tiny.configuration(settings), output: tiny.directory("a"))
      #expect(throws: CollapseError.self) { try task.run() }
      #expect(
        try !JSONLines.read(
          HealthFinding.self, from: RunDirectory.open(at: tiny.directory("a")).healthPath
        ).contains { $0.kind == .wentBack })
    }
  }

  @Test(arguments: SafetyConfiguration.Action.allCases)
  func viewsThatAreTooHardAreAnswered(action: SafetyConfiguration.Action) throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      var safety = SafetyConfiguration()
      safety.tooHard = action
      let events = TrainingEvents()
      let log = HealthLog(
        try RunDirectory.planned(at: folder + "/run"), dataset: try tiny.configuration().open(split: .train),
        fingerprints: nil,
        events: events)
      let health = Health(safety, log: log, events: events)
      let harmless = HealthFinding(step: 1, epoch: 0, kind: .narrowViews, message: "Narrow.", advice: "Try")
      let found = HealthFinding(step: 1, epoch: 0, kind: .distantViews, message: "Far.", advice: "Try")
      try health.judge([harmless])
      switch action {
      case .stop: #expect(throws: TooHardViewsError.self) { try health.judge([harmless, found]) }
      case .goBack: #expect(throws: GoBackRequest.self) { try health.judge([harmless, found]) }
      case .warn, .ignore, .lowerShare: try health.judge([harmless, found])
      }
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
