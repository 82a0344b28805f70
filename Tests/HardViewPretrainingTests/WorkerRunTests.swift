import Foundation
import HardViewPretraining
import RunRecords
import Safetensors
import TestSupport
import Testing
import Torch
import ViewRecords

/// Whole runs of several workers, on threads of this process.
@Suite struct WorkerRunTests {
  private static let settings = ["optimizer.learning_rate=0.02", "evaluation.online.every_epochs=0"]

  private func train(_ tiny: TinyRun, _ name: String, workers: Int, _ assignments: [String] = []) throws {
    let configuration = try tiny.configuration(Self.settings + assignments)
    _ = try onWorkers(workers) { _ in
      _ = try Pretraining.start(configuration, output: tiny.directory(name)).run()
    }
  }

  private func expectSame(_ first: RunDirectory, _ second: RunDirectory) throws {
    let files = try [first, second].map { try SafetensorsFile(path: $0.encoderPath) }
    for name in files[0].names {
      let values = try files.map { try $0.withBytes(of: name) { Array($0.bindMemory(to: Float.self)) } }
      let distance = zip(values[0], values[1]).map { abs($0 - $1) }.max() ?? 0
      #expect(distance < 1e-4, "\(name) differs by \(distance)")
    }
  }

  @Test func twoWorkersWriteTheRunOfOne() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      try train(tiny, "one", workers: 1)
      try train(tiny, "two", workers: 2)
      let runs = try ["one", "two"].map { try RunDirectory.open(at: tiny.directory($0)) }
      try expectSame(runs[0], runs[1])
      let losses = try runs.map { try JSONLines.read(MetricsRecord.self, from: $0.metricsPath).map(\.loss) }
      #expect(losses[0].count == losses[1].count)
      #expect(zip(losses[0], losses[1]).allSatisfy { abs($0 - $1) < 1e-4 })
      // The views of all followed images, whichever worker trained on them.
      let views = try runs.map { try JSONLines.read(ViewsRecord.self, from: $0.viewsPath) }
      #expect(views[0].map(\.image) == views[1].map(\.image))
      #expect(views[0].map(\.selected) == views[1].map(\.selected))
      let contents = try runs.map { try FileManager.default.contentsOfDirectory(atPath: $0.path).sorted() }
      #expect(contents[0] == contents[1])
    }
  }

  /// Averages, audits and what they teach are of the images of all workers.
  @Test func whatIsMeasuredOfSelectionIsOfAllImages() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      for count in [1, 2] { try train(tiny, "run-\(count)", workers: count, ["selection.audit_every_steps=2"]) }
      let runs = try [1, 2].map { try RunDirectory.open(at: tiny.directory("run-\($0)")) }
      let metrics = try runs.map { try JSONLines.read(MetricsRecord.self, from: $0.metricsPath) }
      #expect(metrics[0].count == metrics[1].count && !metrics[0].isEmpty)
      for (one, two) in zip(metrics[0], metrics[1]) {
        for quantity in [
          \.selectedOverlap, \.randomOverlap, \.selectionShare, \.featureRank,
        ] as [KeyPath<MetricsRecord, Double>] {
          #expect(abs(one[keyPath: quantity] - two[keyPath: quantity]) < 1e-3, "\(quantity)")
        }
        for quantity in [
          \.rejectedOverlap, \.leastOverlapShare, \.selectedScore, \.randomScore, \.capturedHardness,
          \.capturedImageHardness, \.exactImageHardness,
        ] as [KeyPath<MetricsRecord, Double?>] {
          let values = [try #require(one[keyPath: quantity]), try #require(two[keyPath: quantity])]
          #expect(abs(values[0] - values[1]) < 1e-3, "\(quantity): \(values)")
        }
      }
      let learned = try runs.map { run in
        let file = try SafetensorsFile(path: run.checkpointPath)
        return try file.withBytes(of: "selection.products") { Array($0.bindMemory(to: Double.self)) }
      }
      #expect(learned[0].contains { $0 != 0 })
      #expect(zip(learned[0], learned[1]).allSatisfy { abs($0 - $1) < 1e-6 * max(1, abs($0)) })
    }
  }

  @Test func aRunGoesOnWithAnotherNumberOfWorkers() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      try train(tiny, "whole", workers: 1)
      let configuration = try tiny.configuration(Self.settings)
      // Asked to stop by the second worker alone, after the third of eight steps.
      let outcomes = try onWorkers(2) { workers in
        var steps = 0
        return try Pretraining.start(configuration, output: tiny.directory("cut")).run(shouldStop: {
          steps += 1
          return workers.rank == 1 && steps == 3
        })
      }
      #expect(outcomes == [.interrupted, .interrupted])
      _ = try onWorkers(4) { _ in _ = try Pretraining.resume(tiny.directory("cut")).run() }
      let runs = try ["whole", "cut"].map { try RunDirectory.open(at: tiny.directory($0)) }
      try expectSame(runs[0], runs[1])
    }
  }

  /// The optimizer's memory is divided, gathered into the checkpoint, and divided among others.
  @Test func aDividedMemoryChangesNothing() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let divided = ["optimizer.name=adamw", "optimizer.learning_rate=0.001", "optimizer.shards_memory=true"]
      try train(tiny, "together", workers: 2, Array(divided.dropLast()))
      try train(tiny, "divided", workers: 2, divided)
      let runs = try ["together", "divided"].map { try RunDirectory.open(at: tiny.directory($0)) }
      let files = try runs.map { try SafetensorsFile(path: $0.checkpointPath) }
      #expect(files[0].names == files[1].names && files[0].names.contains { $0.hasPrefix("optimizer.square.") })
      for name in files[0].names {
        let bytes = try files.map { try $0.withBytes(of: name) { Array($0) } }
        #expect(bytes[0] == bytes[1], "\(name)")
      }
      let configuration = try tiny.configuration(Self.settings + divided)
      _ = try onWorkers(2) { _ in
        var steps = 0
        _ = try Pretraining.start(configuration, output: tiny.directory("cut")).run(shouldStop: {
          steps += 1
          return steps == 3
        })
      }
      _ = try onWorkers(4) { _ in _ = try Pretraining.resume(tiny.directory("cut")).run() }
      try expectSame(runs[0], .open(at: tiny.directory("cut")))
    }
  }

  /// What a launcher starts again goes on with its own run, and with no other.
  @Test func startingAgainGoesOnWithTheSameRunAlone() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let configuration = try tiny.configuration(Self.settings)
      var steps = 0
      func stop() -> Bool {
        steps += 1
        return steps == 3
      }
      #expect(
        try Pretraining.startAgain(configuration, output: tiny.directory("run")).run(shouldStop: stop) == .interrupted)
      let other = try tiny.configuration(Self.settings + ["selection.candidates=3"])
      let error = #expect(throws: RecordError.self) { try Pretraining.startAgain(other, output: tiny.directory("run")) }
      #expect(error?.description.contains("holds a run already") == true)
      #expect(try Pretraining.startAgain(configuration, output: tiny.directory("run")).run() == .finished)
      // Three steps before, five after.
      #expect(steps == 3)
      let run = try RunDirectory.open(at: tiny.directory("run"))
      #expect(try JSONLines.read(HistoryRecord.self, from: run.historyPath).map(\.step) == [0, 3])
    }
  }

  @Test func aMemoryLimitIsThatOfEachWorker() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let configuration = try tiny.configuration(Self.settings + ["training.memory_limit=64GB"])
      let outcomes = try onWorkers(2) { _ in
        try Pretraining.start(configuration, output: tiny.directory("run")).run()
      }
      #expect(outcomes == [.finished, .finished])
      let settings = try Pretraining.configuration(of: .open(at: tiny.directory("run"))).values
      #expect(settings.training.accumulation == 1)
    }
  }

  @Test func workersThatDifferAreToldTheFirstDifference() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let configurations = try [0, 1].map { try tiny.configuration(Self.settings + ["seed=\($0)"]) }
      let messages = try onWorkers(2) { workers in
        let error = #expect(throws: WorkersDisagreeError.self) {
          try Pretraining.start(configurations[workers.rank], output: tiny.directory("run"))
        }
        return error?.description ?? ""
      }
      for message in messages {
        #expect(message.contains("configuration: worker 0 has 'seed: 0', worker 1 has 'seed: 1'"))
      }
      #expect(!FileManager.default.fileExists(atPath: tiny.directory("run")))
    }
  }

  @Test func aBatchThatDoesNotDivideIsRefused() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let configuration = try tiny.configuration(Self.settings)
      _ = try onWorkers(3) { _ in
        let error = #expect(throws: (any Error).self) {
          try Pretraining.start(configuration, output: tiny.directory("run"))
        }
        #expect("\(error!)".contains("training.batch_size: is 16, which does not divide into 3 equal parts"))
      }
    }
  }

  /// All go back to the checkpoints of the first, as one process does.
  @Test func workersGoBackTogether() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let settings = [
        "training.epochs=5", "safety.rank_floor=1000", "safety.grace_epochs=2", "safety.collapse=go_back",
      ]
      let configuration = try tiny.configuration(Self.settings + settings)
      let findings = try [1, 2].map { count in
        let path = tiny.directory("run-\(count)")
        let errors = try onWorkers(count) { _ in
          let error = #expect(throws: CollapseError.self) {
            _ = try Pretraining.start(configuration, output: path).run()
          }
          return error?.description ?? ""
        }
        #expect(Set(errors).count == 1)
        return try JSONLines.read(HealthFinding.self, from: RunDirectory.open(at: path).healthPath)
      }
      #expect(findings[0].count { $0.kind == .wentBack } == 3)
      #expect(findings[0].map(\.kind) == findings[1].map(\.kind) && findings[0].map(\.step) == findings[1].map(\.step))
    }
  }

  /// `failCollectiveAt` from the first collective to the last, of either worker: all end with an error, and starting again
  /// makes the encoder that was never interrupted.
  @Test func aFailureInAnyCollectiveIsAnErrorForAllAndTheRunGoesOn() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let settings = ["optimizer.learning_rate=0.02", "training.epochs=1", "evaluation.online.images=16"]
      let configuration = try tiny.configuration(settings + ["optimizer.shards_memory=true"])
      @Sendable func start(_ name: String, failing: Int?, _ workers: any Communicator) throws -> (Int, String) {
        let worker = FaultyWorker(workers, failCollectiveAt: failing)
        do {
          try withWorkers(worker) {
            _ = try Pretraining.startAgain(configuration, output: tiny.directory(name)).run()
          }
          return (worker.collectives, "")
        } catch {
          return (worker.collectives, "\(error)")
        }
      }
      let whole = try onWorkers(2) { try start("whole", failing: nil, $0) }
      #expect(whole.map(\.1) == ["", ""] && whole[0].0 == whole[1].0 && whole[0].0 > 50)
      let encoder = try TinyRun.encoder(.open(at: tiny.directory("whole")))
      for (number, place) in stride(from: 0, to: whole[0].0, by: max(1, whole[0].0 / 9)).enumerated() {
        let (name, failing) = ("run-\(number)", number % 2)
        let endings = try onWorkers(2, timeout: 20) { workers in
          try start(name, failing: workers.rank == failing ? place : nil, workers)
        }
        #expect(endings.allSatisfy { !$0.1.isEmpty }, "collective \(place) of worker \(failing): \(endings)")
        let again = try onWorkers(2) { try start(name, failing: nil, $0) }
        #expect(again.map(\.1) == ["", ""], "collective \(place)")
        let run = try RunDirectory.open(at: tiny.directory(name))
        #expect(try TinyRun.encoder(run) == encoder, "collective \(place) of worker \(failing)")
      }
    }
  }

  /// A worker that hangs in the middle is an error for the other, and leaves the run as its last checkpoint has it.
  @Test func aWorkerThatHangsIsAnErrorAndTheRunGoesOn() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      try train(tiny, "whole", workers: 2)
      let configuration = try tiny.configuration(Self.settings)
      let errors = try onWorkers(2, timeout: 2) { workers in
        var steps = 0
        do {
          // At the second step of the second epoch, as if it had been killed: the other one waits for it.
          try withExtendedLifetime(workers) {
            _ = try Pretraining.start(configuration, output: tiny.directory("run")).run(shouldStop: {
              steps += 1
              return false
            }) { event in
              if workers.rank == 1, steps == 5 { Thread.sleep(forTimeInterval: 5) }
            }
          }
          return ""
        } catch {
          return "\(error)"
        }
      }
      #expect(errors[0].contains("Another worker ended, hangs, or cannot be reached"))
      let run = try RunDirectory.open(at: tiny.directory("run"))
      #expect(run.savedCheckpoints().first?.step == 4)
      _ = try onWorkers(2) { _ in _ = try Pretraining.resume(run.path).run() }
      #expect(try TinyRun.encoder(run) == TinyRun.encoder(RunDirectory.open(at: tiny.directory("whole"))))
    }
  }
}
