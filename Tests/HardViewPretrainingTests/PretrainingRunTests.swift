import Foundation
@testable import HardViewPretraining
@testable import HardViewSelection
@testable import Objectives
import ImageData
import NeuralNetworks
import Optimization
import RunConfiguration
@testable import RunRecords
import TestSupport
import Testing
import Torch
import ViewRecords
import Views

@Suite struct PretrainingRunTests {
  @Test func sameSeedSameWeightsOtherSeedOthers() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let first = try TinyRun.weights(tiny.train("a"))
      #expect(try TinyRun.weights(tiny.train("b")) == first)
      #expect(try TinyRun.weights(tiny.train("c", ["seed=1"])) != first)
    }
  }

  @Test func loaderThreadsChangeNothing() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let first = try TinyRun.weights(tiny.train("a"))
      #expect(try TinyRun.weights(tiny.train("b", ["data.loader_threads=3"])) == first)
    }
  }

  @Test func hardestOfTwoTrainsAsNone() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let plain = try TinyRun.weights(tiny.train("a", ["selection.policy=none"]))
      #expect(try TinyRun.weights(tiny.train("b", ["selection.candidates=2"])) == plain)
      #expect(try TinyRun.weights(tiny.train("c", ["selection.candidates=4"])) != plain)
    }
  }

  @Test(arguments: ["hardest", "random"])
  func interruptedRunContinuesExactly(policy: String) throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let settings = ["selection.policy=\(policy)", "training.epochs=3"]
      let whole = try tiny.train("whole", settings)
      for stopAfter in [1, 4, 6] {
        let path = tiny.directory("stopped-\(stopAfter)")
        let task = try Pretraining.start(tiny.configuration(settings), output: path)
        var steps = 0
        let outcome = try task.run(shouldStop: { steps == stopAfter }) { event in
          if case .step = event { steps += 1 }
        }
        #expect(outcome == .interrupted)
        #expect(try Pretraining.resume(path).run() == .finished)
        let resumed = try RunDirectory.open(at: path)
        #expect(try TinyRun.weights(resumed) == TinyRun.weights(whole))
        #expect(try views(resumed) == views(whole))
        #expect(try metrics(resumed).last?.step == 12)
      }
    }
  }

  /// Making a run or a resumed run changes nothing that is on disk; training does.
  @Test func resumingChangesNothingBeforeTraining() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let run = try tiny.train("a", ["training.epochs=1"])
      try Data("{\"step\": 7}\n{\"step\": 9, \"torn".utf8).append(to: run.metricsPath)
      func files() throws -> [Data] {
        try FileManager.default.subpathsOfDirectory(atPath: run.path).sorted().compactMap {
          FileManager.default.contents(atPath: "\(run.path)/\($0)")
        }
      }
      let before = try files()
      let task = try Pretraining.resume(run.path)
      #expect(try files() == before)
      #expect(try task.run() == .finished)
      #expect(try metrics(run).map(\.step) == [2, 4])
    }
  }

  /// A loader that ends in the middle of an epoch is an error, not the end of training.
  @Test func batchesThatAreMissingAreAnError() throws {
    try withTemporaryDirectory { folder in
      let resolved = try TinyRun(in: folder).configuration()
      let parts = try CheapSelectionTests.parts(SimSiam.self, resolved)
      let loader = try parts.loader(
        of: resolved.open(split: .train), for: ViewSelection(.plain, parts.setting),
        skipped: SkippedImages(maximumShare: 0))
      let feed = BatchFeed(loader)
      var position = TrainingProgress(stepsPerEpoch: loader.batchesPerEpoch, totalEpochs: 2)
      // Over the end of an epoch.
      for step in 0..<6 {
        position.step = step
        let batch = try feed.next(at: position)
        #expect(batch.epoch == step / 4 && batch.step == step % 4)
      }
      feed.stop()
      position.step = 6
      let error = #expect(throws: MissingBatchError.self) { try feed.next(at: position) }
      #expect(error?.description.contains("step 3 of 4 in epoch 2") == true)
    }
  }

  @Test func resumingDropsRecordsBeyondTheCheckpoint() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let whole = try tiny.train("whole")
      let killed = tiny.directory("killed")
      let early = folder + "/early.safetensors"
      let task = try Pretraining.start(tiny.configuration(), output: killed)
      let run = RunDirectory(path: killed)
      // What a process leaves that is killed after its last step but before its last checkpoint.
      _ = try task.run(shouldStop: { false }) { event in
        if case .step(let progress, _, _, _) = event, progress.step == 5 {
          try? FileManager.default.copyItem(atPath: run.checkpointPath(atStep: 4), toPath: early)
        }
      }
      try FileManager.default.removeItem(atPath: run.checkpointPath(atStep: 8))
      try FileManager.default.removeItem(atPath: run.checkpointPath(atStep: 4))
      try FileManager.default.moveItem(atPath: early, toPath: run.checkpointPath(atStep: 4))
      try Data("{\"step\": 7, \"torn".utf8).append(to: run.viewsPath)

      _ = try Pretraining.resume(killed).run()
      #expect(try TinyRun.weights(run) == TinyRun.weights(whole))
      #expect(try metrics(run).map(\.step) == metrics(whole).map(\.step))
      #expect(try views(run) == views(whole))
    }
  }

  @Test func recordsSayWhatHappened() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let run = try tiny.train("a")
      let lines = try metrics(run)
      #expect(lines.map(\.step) == [2, 4, 6, 8])
      #expect(lines.map(\.epoch) == [0, 0, 1, 1])
      for line in lines {
        #expect(line.loss >= -1 && line.loss <= 1)
        #expect(line.imagesPerSecond > 0)
        let rejected = try #require(line.rejectedOverlap)
        #expect((0...1).contains(line.selectedOverlap) && (0...1).contains(rejected))
        #expect((0...1).contains(try #require(line.leastOverlapShare)))
        #expect(line.selectionSeconds > 0 && line.trainingSeconds > 0)
      }
      let records = try views(run)
      #expect(Set(records.map(\.image)) == ViewsRecorder.sample(3, of: 64, seed: 0))
      #expect(records.count == 6)
      for record in records {
        #expect(record.selected.count == 2 && record.views.count == 4)
        let scores = try #require(record.scores)
        let space = CandidateSpace(plan: .pair, poolSizes: [4])
        #expect(space.candidates[scores.firstIndex(of: scores.max()!)!] == record.selected)
        var random = ViewRandom(seed: 0, epoch: record.epoch, sample: record.image, view: 2)
        let redrawn = try tiny.configuration().views.groups[0].recipe.drawParameters(
          width: 16, height: 16, using: &random)
        #expect(redrawn == record.views[2])
      }
    }
  }

  /// A random sample that the seed decides, every image as likely as any other.
  @Test func followedImagesAreARandomSample() {
    var counts = Array(repeating: 0, count: 64)
    for seed in 0..<400 as Range<UInt64> {
      let sample = ViewsRecorder.sample(16, of: 64, seed: seed)
      #expect(sample.count == 16 && sample == ViewsRecorder.sample(16, of: 64, seed: seed))
      for image in sample { counts[image] += 1 }
    }
    // Binomial with a mean of 100 and a deviation of 8.7; five of them on either side.
    #expect(counts.allSatisfy { (56...144).contains($0) }, "\(counts)")
    #expect(ViewsRecorder.sample(100, of: 64, seed: 0) == Set(0..<64))
    #expect(ViewsRecorder.sample(0, of: 64, seed: 0).isEmpty && ViewsRecorder.sample(-1, of: 64, seed: 0).isEmpty)
  }

  @Test func plainRunHasNoSelectionFigures() throws {
    try withTemporaryDirectory { folder in
      let run = try TinyRun(in: folder).train("a", ["selection.policy=none"])
      let lines = try metrics(run)
      #expect(lines.allSatisfy { $0.rejectedOverlap == nil && $0.leastOverlapShare == nil })
      #expect(lines.allSatisfy { $0.selectedOverlap == $0.randomOverlap })
      #expect(try views(run).allSatisfy { $0.selected == [0, 1] && $0.scores == nil })
    }
  }

  @Test func startThatFailsLeavesNoFolder() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let path = tiny.directory("a")
      let error = #expect(throws: ConfigurationError.self) {
        try Pretraining.start(tiny.configuration(["training.batch_size=65"]), output: path)
      }
      #expect(error?.description.contains("is 65, but there are only 64 images") == true)
      #expect(!FileManager.default.fileExists(atPath: path))
      _ = try tiny.train("a")
      #expect(throws: RecordError.self) { try Pretraining.start(tiny.configuration(), output: path) }
    }
  }

  @Test func divergingRunStopsAndKeepsItsCheckpoint() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let run = try tiny.train("a")
      let before = try TinyRun.weights(run)
      let text = try run.readConfiguration().replacing("learning_rate: 0.5", with: "learning_rate: 1.0e+30")
        .replacing("epochs: 2", with: "epochs: 20")
      try text.write(toFile: run.configurationPath, atomically: true, encoding: .utf8)
      let error = #expect(throws: NonFiniteLossError.self) { _ = try Pretraining.resume(run.path).run() }
      #expect(error?.epoch == 2)
      #expect(error?.description.contains("lower optimizer.learning_rate") == true)
      #expect(try TinyRun.weights(run) == before)
    }
  }

  @Test(arguments: SelectionPolicy.builtIn, Phase.allCases)
  func everyPolicyTrainsInEveryPhase(policy: SelectionPolicy, phase: Phase) throws {
    try withTemporaryDirectory { folder in
      let settings = [
        "selection.policy=\(policy.rawValue)", "selection.phase=\(phase.rawValue)", "selection.candidates=4",
        "training.epochs=1",
        "training.epochs=1",
      ]
      let records = try views(TinyRun(in: folder).train("a", settings))
      #expect(records.count == 3)
      for record in records {
        #expect(record.views.count == (policy == .none ? 2 : 4))
        #expect((record.scores != nil) == (policy.runsNetwork || policy == .leastOverlap))
        #expect(record.selected.count == (policy.trainsOnAll ? 4 : 2))
        if policy == .anchor { #expect(record.selected[0] == 0) }
      }
    }
  }

  /// In a process of its own, where no other test makes tensors.
  @Test func trainingDoesNotLeakHandles() async {
    await #expect(processExitsWith: .success) {
      let isSteady = try withTemporaryDirectory { folder in
        let tiny = try TinyRun(in: folder)
        let task = try Pretraining.start(tiny.configuration(["training.epochs=5"]), output: tiny.directory("a"))
        var live: [Int] = []
        _ = try task.run(shouldStop: { false }) { event in
          if case .step = event { live.append(Tensor.liveHandleCount) }
        }
        return live.count == 20 && live[19] == live[9]
      }
      exit(isSteady ? 0 : 1)
    }
  }

  @Test func bf16TrainsToo() throws {
    try withTemporaryDirectory { folder in
      let lines = try metrics(TinyRun(in: folder).train("a", ["precision=bf16"]))
      #expect(lines.allSatisfy { $0.loss.isFinite })
    }
  }

  @Test func lossFallsOnStripes() throws {
    try withTemporaryDirectory { folder in
      let settings = ["training.epochs=12", "selection.policy=none", "training.batch_size=32"]
      let lines = try metrics(TinyRun(in: folder).train("a", settings))
      let early = lines.prefix(2).map(\.loss).reduce(0, +) / 2
      let late = lines.suffix(6).map(\.loss).reduce(0, +) / 6
      #expect(late < early)
      #expect(lines.allSatisfy { $0.featureStandardDeviation > 0.1 })
    }
  }

  private func metrics(_ run: RunDirectory) throws -> [MetricsRecord] {
    try JSONLines.read(MetricsRecord.self, from: run.metricsPath)
  }

  private func views(_ run: RunDirectory) throws -> [ViewsRecord] {
    try JSONLines.read(ViewsRecord.self, from: run.viewsPath)
  }
}

extension Data {
  fileprivate func append(to path: String) throws {
    let file = try FileHandle(forWritingTo: URL(filePath: path))
    try file.seekToEnd()
    try file.write(contentsOf: self)
    try file.close()
  }
}
