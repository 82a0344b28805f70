import Foundation
import HardViewSelection
import ImageData
import RunConfiguration
import RunRecords
import TestSupport
import Testing
import Torch
import Views

@testable import HardViewPretraining
@testable import Objectives
@testable import Optimization

/// What is said of a training's health, by made-up metrics and by runs that provoke it.
@Suite struct HealthTests {
  /// A line of metrics of a healthy training, with some values changed.
  private static func line(_ epoch: Int, _ changes: [String: Any] = [:], step: Int? = nil) throws -> MetricsRecord {
    var values: [String: Any] = [
      "step": step ?? 10 * (epoch + 1), "epoch": epoch, "loss": -0.5 - 0.01 * Double(epoch), "learningRate": 0.1,
      "imagesPerSecond": 100, "dataSeconds": 1, "readingSeconds": 0, "decodingSeconds": 0, "renderingSeconds": 0,
      "selectionSeconds": 4, "trainingSeconds": 10, "selectionShare": 1, "selectedOverlap": 0.35, "randomOverlap": 0.49,
      "selectedScore": -0.4, "randomScore": -0.6, "featureStandardDeviation": 0.9, "featureRank": 30,
      "capturedHardness": 1.0, "capturedPredictedHardness": 0.3,
    ]
    for (key, value) in changes { values[key] = value }
    return try JSONDecoder().decode(MetricsRecord.self, from: JSONSerialization.data(withJSONObject: values))
  }

  private static func signal(_ retrieval: Double) -> [String: Any] {
    [
      "online": [
        ["step": 1, "epoch": 0, "images": 9, "rank": 9, "alignment": 1, "uniformity": -1, "retrieval": retrieval]
      ]
    ]
  }

  private static func kinds(_ epochs: [[MetricsRecord]]) -> [HealthFinding.Kind] {
    HealthRules(epochs: epochs.map(HealthRules.Epoch.init)).findings.map(\.kind)
  }

  @Test func healthyTrainingsAreLeftAlone() throws {
    let epochs = try (0..<5).map { epoch in
      try [
        Self.line(epoch, ["loss": -0.5 - 0.1 * Double(epoch)]), Self.line(epoch, ["loss": -0.52 - 0.1 * Double(epoch)]),
      ]
    }
    for count in 1...5 { #expect(Self.kinds(Array(epochs.prefix(count))).isEmpty) }
    // A baseline: nothing scored, nothing selected.
    let plain: [String: Any] = ["selectedScore": NSNull(), "randomScore": NSNull(), "selectionShare": 0]
    #expect(try Self.kinds((0..<3).map { try [Self.line($0, plain)] }).isEmpty)
  }

  /// Each rule speaks where its figure is beyond its limit, and not just before.
  @Test func eachRuleHasItsFigure() throws {
    func epochs(_ changes: [[String: Any]]) throws -> [[MetricsRecord]] {
      try changes.enumerated().map { try [Self.line($0, $1)] }
    }
    #expect(try Self.kinds(epochs([[:], [:], ["featureRank": 14]])) == [.partialCollapse])
    #expect(try Self.kinds(epochs([[:], [:], ["featureRank": 16]])).isEmpty)
    #expect(try Self.kinds(epochs([[:], [:], ["featureRank": 14, "loss": -0.1]])).isEmpty, "the loss rose")
    #expect(try Self.kinds(epochs([[:], ["selectedScore": -0.598]])) == [.flatScores])
    #expect(try Self.kinds(epochs([[:], ["selectedScore": -0.596]])).isEmpty)
    #expect(try Self.kinds(epochs([[:], ["selectedScore": -0.7]])).isEmpty, "easy views are chosen on purpose")
    let near = try epochs([
      Self.signal(0.5), Self.signal(0.6), Self.signal(0.4).merging(["selectedOverlap": 0.05]) { $1 },
    ])
    #expect(Self.kinds(near) == [.distantViews])
    let found = try epochs([
      Self.signal(0.5), Self.signal(0.6), Self.signal(0.6).merging(["selectedOverlap": 0.05]) { $1 },
    ])
    #expect(Self.kinds(found).isEmpty)
    #expect(try Self.kinds(epochs([["randomOverlap": 0.9]])) == [.narrowViews])
    #expect(try Self.kinds(epochs([[:], ["capturedPredictedHardness": 0.85]])) == [.shallowHardness])
    #expect(try Self.kinds(epochs([[:], ["capturedPredictedHardness": 0.75]])).isEmpty)
    #expect(try Self.kinds(epochs([[:], ["dataSeconds": 8]])) == [.slowLoading])
    #expect(try Self.kinds(epochs([[:], ["dataSeconds": 5]])).isEmpty)
    let flat = try [Self.line(0), Self.line(0), Self.line(0, ["loss": -0.5])]
    #expect(Self.kinds([flat]) == [.noProgress])
    #expect(try Self.kinds([[Self.line(0), Self.line(0), Self.line(0, ["loss": -0.51])]]).isEmpty)
  }

  /// A loss far above a hundred before it, and none while they are few or scatter.
  @Test func spikesStandOut() {
    var spikes = LossSpikes()
    for step in 0..<29 { #expect(spikes.spike(Double(step % 2)) == nil) }
    #expect(spikes.spike(.nan) == nil && spikes.spike(0.5) == nil)
    #expect(spikes.spike(4.4) == nil)
    var narrow = LossSpikes()
    for step in 0..<200 { #expect(narrow.spike(-0.9 + 0.01 * Double(step % 2)) == nil) }
    let found = narrow.spike(-0.8)
    #expect(abs(found!.mean + 0.895) < 1e-9 && abs(found!.deviation - 0.005) < 1e-9)
  }

  /// The findings of a run, and the warnings.
  private static func run(_ tiny: TinyRun, _ name: String, _ settings: [String], stopAfter: Int = .max) throws
    -> (findings: [HealthFinding], warnings: [String])
  {
    var (warnings, steps): ([String], Int) = ([], 0)
    let path = tiny.directory(name)
    let task =
      RunDirectory.isRun(at: path)
      ? try Pretraining.resume(path) : try Pretraining.start(tiny.configuration(settings), output: path)
    _ = try task.run(shouldStop: { steps >= stopAfter }) { event in
      if case .warning(let text) = event { warnings.append(text) }
      if case .step = event { steps += 1 }
    }
    let directory = try RunDirectory.open(at: path)
    return (try JSONLines.sample(HealthFinding.self, from: directory.healthPath, limit: 99).records, warnings)
  }

  /// Views that are all alike: said in the first epoch and the second, once each, also after resuming.
  @Test func narrowViewsAreSaidOnce() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let settings = [
        "views.crop.scale=[0.98, 1.0]", "views.crop.ratio=[1.0, 1.0]", "views.jitter.probability=0",
        "views.grayscale_probability=0", "views.flip_probability=0", "training.epochs=4",
        "records.metrics_every_steps=1",
      ]
      let first = try Self.run(tiny, "run", settings, stopAfter: 9)
      let kinds = first.findings.map(\.kind).filter { ![.noProgress, .repeatedImages].contains($0) }
      #expect(kinds == [.narrowViews, .flatScores])
      #expect(first.findings[0].message.contains("nearly the same") && first.findings[0].step == 4)
      #expect(first.warnings.count { $0.contains("nearly the same") } == 1)
      let rest = try Self.run(tiny, "run", settings)
      #expect(rest.findings == first.findings && !rest.warnings.contains { $0.contains("nearly the same") })
    }
  }

  /// The synthetic images repeat; those of the folder that are copies are named, once.
  @Test func copiesAreCounted() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let run = try Self.run(tiny, "run", ["training.epochs=3"])
      let finding = try #require(run.findings.first { $0.kind == .repeatedImages })
      let dataset = try tiny.configuration().open(split: .train)
      let different = Set(try (0..<dataset.count).map { try dataset.image(at: $0).pixels }).count
      #expect(different < dataset.count)
      #expect(finding.message.contains("\(dataset.count - different) of \(dataset.count) images are copies"))
      #expect(run.findings.count { $0.kind == .repeatedImages } == 1)
    }
  }

  /// A rate of nothing: the loss stays where it is.
  @Test func noProgressIsNoticed() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let settings = [
        "optimizer.learning_rate=1e-9", "records.metrics_every_steps=1", "views.jitter.probability=0",
        "views.crop.scale=[0.9, 1.0]", "selection.policy=none",
      ]
      let result = try Self.run(tiny, "run", settings)
      #expect(result.findings.contains { $0.kind == .noProgress && $0.advice.contains("optimizer.learning_rate") })
    }
  }

  /// Collapse and losses that are not finite are in the file, too; collapse is told once by whoever watches for it.
  @Test func collapseAndBrokenLossesAreRecorded() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let collapsed = try Self.run(
        tiny, "collapsed", ["safety.rank_floor=100", "safety.grace_epochs=0", "records.metrics_every_steps=1"])
      #expect(collapsed.findings.map(\.kind).filter { $0 == .collapse }.count == 1)
      #expect(collapsed.warnings.count { $0.contains("The embedding collapsed") } == 1)
      #expect(throws: NonFiniteLossError.self) {
        try Self.run(tiny, "broken", ["optimizer.learning_rate=1e30", "optimizer.schedule.warmup_epochs=0"])
      }
      let directory = try RunDirectory.open(at: tiny.directory("broken"))
      let findings = try JSONLines.sample(HealthFinding.self, from: directory.healthPath, limit: 9).records
      #expect(findings.contains { $0.kind == .nonFiniteLoss && $0.message.contains("The loss became") })
    }
  }

  /// What a disk refuses to take is said all the same.
  @Test func aRefusedLineHidesNoWarning() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let events = TrainingEvents()
      var warnings: [String] = []
      events.handler = { if case .warning(let text) = $0 { warnings.append(text) } }
      let directory = try RunDirectory.planned(at: tiny.directory("run"))
      // A folder where the file would be.
      try makeFolder(directory.healthPath)
      let log = HealthLog(
        directory, dataset: try tiny.configuration().open(split: .train), fingerprints: nil, events: events)
      let finding = HealthFinding(step: 1, epoch: 0, kind: .slowLoading, message: "It waits.", advice: "Do something")
      log.record(finding)
      #expect(warnings.count == 2 && warnings[0] == "It waits. Do something.")
      #expect(warnings.last?.contains(directory.healthPath) == true)
    }
  }

  /// The line names the images of the batch.
  @Test func spikesNameTheirImages() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let dataset = try tiny.configuration().open(split: .train)
      let events = TrainingEvents()
      var warnings: [String] = []
      events.handler = { if case .warning(let text) = $0 { warnings.append(text) } }
      let directory = try RunDirectory.planned(at: tiny.directory("run"))
      try makeFolder(directory.path)
      let log = HealthLog(directory, dataset: dataset, fingerprints: nil, events: events)
      for step in 0..<60 {
        let position = TrainingProgress(step: step, stepsPerEpoch: 100, totalEpochs: 1)
        log.take(
          step == 50 ? 300 : Double(step % 3),
          in: StepContext(position, BatchDraw(seed: 0, epoch: 0, step: step, samples: [7, step])))
      }
      let findings = try JSONLines.sample(
        HealthFinding.self, from: directory.healthPath, limit: 9
      ).records
      #expect(findings.map(\.step) == [51] && warnings.count == 1)
      #expect(findings[0].message.contains("\(dataset.name(at: 7)), \(dataset.name(at: 50))"))
    }
  }
}
