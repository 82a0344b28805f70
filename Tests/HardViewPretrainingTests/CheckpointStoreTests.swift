import Checkpoints
import Foundation
import HardViewPretraining
import Optimization
@testable import RunRecords
import TestSupport
import Testing

/// Which checkpoints are written, which are kept, and what happens when the disk refuses.
@Suite struct CheckpointStoreTests {
  private func steps(_ run: RunDirectory) -> [Int?] { run.savedCheckpoints().map(\.step) }

  @Test(arguments: [
    (["training.epochs=4"], [16, 12]),
    (["training.epochs=4", "records.checkpoints.keep=1"], [16]),
    (["training.epochs=5", "records.checkpoints.keep=1", "records.checkpoints.keep_every_epochs=2"], [20, 16, 8]),
    (["training.epochs=5", "records.checkpoints.keep=3", "records.checkpoints.every_epochs=2"], [20, 16, 8]),
    (["training.epochs=1", "records.checkpoints.keep=9", "records.checkpoints.every_minutes=1e-9"], [4, 3, 2, 1]),
  ])
  func someAreKept(settings: [String], expected: [Int]) throws {
    try withTemporaryDirectory { folder in
      let run = try TinyRun(in: folder).train("a", settings)
      #expect(steps(run) == expected)
      #expect(run.linkedStep(run.checkpointPath) == expected[0])
      #expect(try Checkpoint(path: run.checkpointPath).metadata["checksum"] != nil)
    }
  }

  @Test func oneIsWrittenWhenAskedFor() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let whole = try tiny.train("whole")
      let task = try Pretraining.start(
        tiny.configuration(["records.checkpoints.keep=9"]), output: tiny.directory("asked"))
      var step = 0
      let outcome = try task.run(asking: { step == 2 || step == 6 ? .checkpoint : .goOn }) { event in
        if case .step(let progress, _, _, _) = event { step = progress.step + 1 }
      }
      #expect(outcome == .finished)
      let run = try RunDirectory.open(at: tiny.directory("asked"))
      #expect(steps(run) == [8, 6, 4, 2])
      // Asking changes nothing that is trained.
      #expect(try TinyRun.encoder(run) == TinyRun.encoder(whole))
    }
  }

  /// The folder of the checkpoints is away during the second epoch, and back for the third.
  @Test func aDiskThatIsAwayDoesNotEndTraining() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let settings = ["training.epochs=3"]
      let whole = try tiny.train("whole", settings)
      let path = tiny.directory("a")
      let task = try Pretraining.start(tiny.configuration(settings), output: path)
      let run = RunDirectory(path: path)
      var warnings: [String] = []
      let outcome = try task.run(shouldStop: { false }) { event in
        switch event {
        case .step(let progress, _, _, _) where progress.step == 5: rename(run.checkpointsPath, path + "/away")
        case .step(let progress, _, _, _) where progress.step == 9: rename(path + "/away", run.checkpointsPath)
        // The synthetic images repeat, which is warned of, too.
        case .warning(let text) where !text.contains("are copies of others"): warnings.append(text)
        default: break
        }
      }
      #expect(outcome == .finished)
      #expect(warnings.count == 1)
      #expect(warnings.first?.contains("after step 8 could not be written") == true)
      #expect(warnings.first?.contains("tries again") == true)
      #expect(steps(run) == [12, 4])
      #expect(try TinyRun.weights(run) == TinyRun.weights(whole))
    }
  }

  @Test func theLastOneMustBeWritten() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let path = tiny.directory("a")
      let task = try Pretraining.start(tiny.configuration(), output: path)
      let run = RunDirectory(path: path)
      let error = #expect(throws: CheckpointNotWrittenError.self) {
        try task.run(shouldStop: { false }) { event in
          if case .step(let progress, _, _, _) = event, progress.step == 6 {
            rename(run.checkpointsPath, path + "/away")
          }
        }
      }
      #expect(error?.step == 8)
      rename(path + "/away", run.checkpointsPath)
      #expect(try Pretraining.resume(path).run() == .finished)
      #expect(steps(run) == [8, 4])
    }
  }

  /// Records that the disk refuses wait for it; a checkpoint waits for them.
  @Test func recordsThatAreAwayDoNotEndTraining() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let whole = try tiny.train("whole")
      let path = tiny.directory("a")
      let run = RunDirectory(path: path)
      let task = try Pretraining.start(tiny.configuration(), output: path)
      var warnings: [String] = []
      let outcome = try task.run(shouldStop: { false }) { event in
        switch event {
        // A folder stands where the file is to be.
        case .step(let progress, _, _, _) where progress.step == 1: mkdir(run.metricsPath, 0o777)
        case .step(let progress, _, _, _) where progress.step == 5: rmdir(run.metricsPath)
        case .warning(let text): warnings.append(text)
        default: break
        }
      }
      #expect(outcome == .finished)
      #expect(warnings.contains { $0.contains("metrics.jsonl") })
      let lines = try JSONLines.read(MetricsRecord.self, from: run.metricsPath)
      #expect(try lines.map(\.step) == JSONLines.read(MetricsRecord.self, from: whole.metricsPath).map(\.step))
    }
  }
}
