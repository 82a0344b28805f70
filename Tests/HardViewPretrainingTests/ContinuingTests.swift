import Checkpoints
import Foundation
@testable import HardViewPretraining
import NeuralNetworks
import Optimization
import RunConfiguration
import RunRecords
import Safetensors
import TestSupport
import Testing
import Torch

/// Runs that go on: what may change, what happens to damage, one process at a time.
@Suite struct ContinuingTests {
  private func metrics(_ run: RunDirectory) throws -> [MetricsRecord] {
    try JSONLines.read(MetricsRecord.self, from: run.metricsPath)
  }

  private func files(_ run: RunDirectory) throws -> [String: Data] {
    var files: [String: Data] = [:]
    for name in try FileManager.default.subpathsOfDirectory(atPath: run.path) {
      files[name] = FileManager.default.contents(atPath: "\(run.path)/\(name)")
    }
    return files
  }

  private func damage(_ path: String) throws {
    var bytes = try Data(contentsOf: URL(filePath: path))
    bytes[bytes.count - 100] ^= 1
    try bytes.write(to: URL(filePath: path))
  }

  @Test func aSecondTrainingInTheSameFolderIsRefused() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let run = try tiny.train("a", ["training.epochs=1"])
      let more: (inout ConfigurationTree) throws -> Void = { try $0.set("training.epochs=2") }
      let first = try Pretraining.resume(run.path, changing: more)
      let second = try Pretraining.resume(run.path, changing: more)
      var refused = false
      _ = try first.run(shouldStop: { false }) { event in
        guard case .step(let progress, _, _, _) = event, progress.step == 6 else { return }
        refused = (try? second.run()) == nil
      }
      #expect(refused)
      #expect(try metrics(run).map(\.step) == [2, 4, 6, 8])
      // Also afterwards: its weights are those of before.
      let late = #expect(throws: RecordError.self) { try second.run() }
      #expect(late?.reason.contains("was trained by another process") == true)
      #expect(try metrics(run).map(\.step) == [2, 4, 6, 8])
      #expect(!FileManager.default.fileExists(atPath: run.lockPath))
    }
  }

  @Test func theNewestIsDamagedAndTheOneBeforeIsUsed() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let whole = try TinyRun.weights(tiny.train("whole"))
      let run = try tiny.train("a")
      let newest = run.checkpointPath(atStep: 8)
      try damage(newest)
      #expect(throws: SafetensorsError.self) { try Checkpoint(path: newest) }
      #expect(throws: SafetensorsError.self) { try PretrainedEncoder(run: newest) }
      var warnings: [String] = []
      _ = try Pretraining.resume(run.path).run(shouldStop: { false }) { event in
        if case .warning(let text) = event { warnings.append(text) }
      }
      #expect(warnings.count == 1 && warnings[0].contains(newest) && warnings[0].contains("checksum"))
      #expect(FileManager.default.fileExists(atPath: newest + ".damaged"))
      #expect(try TinyRun.weights(run) == whole)

      let before = try files(run)
      for saved in run.savedCheckpoints() { try damage(saved.path) }
      let error = #expect(throws: NoWholeCheckpointError.self) { try Pretraining.resume(run.path) }
      #expect(error?.reasons.count == 2)
      #expect(try files(run).count == before.count)
    }
  }

  /// One checkpoint, under the name that is a link today, without a checksum; a setting that has been renamed.
  @Test func runsOfOlderVersionsGoOn() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let whole = try tiny.train("whole")
      let run = try tiny.train("a")
      let old = run.checkpointPath(atStep: 4)
      let entry = try SafetensorsFile(path: old)
      var metadata = entry.metadata
      metadata["checksum"] = nil
      metadata["images"] = nil
      let tensors = entry.entries.map { entry in
        SafetensorsTensor(name: entry.name, type: entry.type, shape: entry.shape) { body in
          try? SafetensorsFile(path: old).withBytes(of: entry.name, body)
        }
      }
      for path in [run.checkpointPath, run.checkpointPath(atStep: 8), run.historyPath] {
        try FileManager.default.removeItem(atPath: path)
      }
      try Safetensors.write(tensors, metadata: metadata, to: run.checkpointPath)
      try FileManager.default.removeItem(atPath: old)
      var configuration = try run.readConfiguration()
      let start = try #require(configuration.range(of: "  checkpoints:\n"))
      let rest = configuration[start.upperBound...]
      let end = rest.split(separator: "\n", omittingEmptySubsequences: false).first { !$0.hasPrefix("    ") }
      configuration.replaceSubrange(
        start.lowerBound..<(end?.startIndex ?? configuration.endIndex), with: "  checkpoint_every_epochs: 1\n")
      try run.writeConfiguration(configuration)

      #expect(try PretrainedEncoder(run: run.path).checkpointPath == run.encoderPath)
      #expect(try Pretraining.resume(run.path).run() == .finished)
      #expect(run.savedCheckpoints().map(\.step) == [8, 4])
      #expect(try TinyRun.encoder(run) == TinyRun.encoder(whole))
    }
  }

  @Test func whatMayChangeDoesAndHistoryTells() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let run = try tiny.train("a", ["training.epochs=1"])
      let moved = try TinyRun(in: tiny.directory("elsewhere"))
      let task = try Pretraining.resume(run.path) { settings in
        settings.set(.string(moved.data), at: "data.path")
        try settings.set("training.epochs=2")
        try settings.set("data.loader_threads=2")
        try settings.set("records.metrics_every_steps=1")
      }
      #expect(try task.run() == .finished)
      #expect(try metrics(run).map(\.step) == [2, 4, 5, 6, 7, 8])
      let history = try JSONLines.read(HistoryRecord.self, from: run.historyPath)
      #expect(history.map(\.step) == [0, 4])
      #expect(history[0].changes.isEmpty)
      #expect(
        Set(history[1].changes.map(\.key)) == [
          "data.path", "training.epochs", "data.loader_threads", "records.metrics_every_steps",
        ])
      let epochs = history[1].changes.first { $0.key == "training.epochs" }
      #expect(epochs?.before == "1" && epochs?.after == "2")
      // The change stays.
      #expect(try Pretraining.configuration(of: run).values.training.epochs == 2)
    }
  }

  @Test(arguments: [
    ("seed=1", "every view"), ("backbone.width=16", "network"), ("method.projector_output=32", "objective"),
    ("views.size=32", "trained on"), ("selection.candidates=3", "trained on"),
    ("training.batch_size=8", "order of images"),
    ("optimizer.learning_rate=0.1", "optimizer"), ("data.limit=32", "images"), ("precision=bf16", "weights"),
  ])
  func theRestIsRefusedWithTheReason(assignment: String, reason: String) throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let run = try tiny.train("a", ["training.epochs=1"])
      let before = try files(run)
      let error = #expect(throws: ConfigurationError.self) {
        try Pretraining.resume(run.path) { try $0.set(assignment) }
      }
      #expect(error?.path == String(assignment.split(separator: "=")[0]))
      #expect(error?.description.contains(reason) == true, "\(error!)")
      #expect(error?.description.contains("--init") == true)
      #expect(try files(run) == before)
    }
  }

  @Test func aRunCannotEndBeforeItsCheckpoint() throws {
    try withTemporaryDirectory { folder in
      let run = try TinyRun(in: folder).train("a")
      let error = #expect(throws: ConfigurationError.self) {
        try Pretraining.resume(run.path) { try $0.set("training.epochs=1") }
      }
      #expect(error?.path == "training.epochs")
    }
  }

  /// Stretched: as if training had been that long from the step at which it was extended.
  @Test func aFinishedRunIsExtended() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      func extended(_ name: String, _ settings: [String]) throws -> RunDirectory {
        let run = try tiny.train(name, ["training.epochs=2", "records.metrics_every_steps=1"])
        let task = try Pretraining.resume(run.path) { tree in
          for setting in ["training.epochs=4"] + settings { try tree.set(setting) }
        }
        #expect(try task.run() == .finished)
        return run
      }
      let short = try metrics(tiny.train("short", ["training.epochs=2", "records.metrics_every_steps=1"]))
      let long = try metrics(tiny.train("long", ["training.epochs=4", "records.metrics_every_steps=1"]))
      let stretched = try metrics(extended("stretched", []))
      #expect(stretched.map(\.learningRate) == short.map(\.learningRate) + long.dropFirst(8).map(\.learningRate))

      // Restarted: byte for byte what a new run with the restart in its configuration becomes.
      let restarted = try extended("restarted", ["training.when_extended=restart"])
      let planned = try tiny.train(
        "planned", ["training.epochs=4", "training.restarts=[2]", "records.metrics_every_steps=1"])
      #expect(try TinyRun.encoder(restarted) == TinyRun.encoder(planned))
      let rates = try metrics(restarted).map(\.learningRate)
      #expect(try rates == metrics(planned).map(\.learningRate))
      #expect(Array(rates.prefix(8)) == short.map(\.learningRate))
      // A warm-up over the steps of an epoch up to the base rate, then down again.
      #expect((8..<12).map { rates[$0] / rates[0] } == [0.25, 0.5, 0.75, 1])
      #expect(abs(rates[12] / rates[0] - 0.5) < 1e-12)
    }
  }

  @Test func otherDataIsRefused() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let run = try tiny.train("a", ["data.limit=60", "training.batch_size=15", "training.epochs=1"])
      let text = try run.readConfiguration().replacing("limit: 60", with: "limit: 61")
      try run.writeConfiguration(text)
      let error = #expect(throws: ChangedDataError.self) { try Pretraining.resume(run.path) }
      #expect(error?.before == 60 && error?.now == 61 && error?.unit == "images")
    }
  }

  /// The data's path is kept so that the run goes on from any folder.
  @Test func relativePathsBecomeAbsolute() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let relative = Self.relativePath(to: tiny.data)
      let run = try tiny.train("a", ["data.path=\(relative)", "training.epochs=1"])
      let path = try Pretraining.configuration(of: run).values.data.path
      #expect(path.hasPrefix("/"))
      #expect(URL(filePath: path).resolvingSymlinksInPath() == URL(filePath: tiny.data).resolvingSymlinksInPath())
    }
  }

  private static func relativePath(to path: String) -> String {
    let here = FileManager.default.currentDirectoryPath.split(separator: "/")
    return here.map { _ in "../" }.joined() + path.dropFirst()
  }

  @Test func anyCheckpointGivesItsEncoder() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let run = try tiny.train("a")
      let newest = try PretrainedEncoder(run: run.path)
      let whole = try PretrainedEncoder(run: run.checkpointPath(atStep: 8))
      let early = try PretrainedEncoder(run: run.checkpointPath(atStep: 4))
      func weights(_ encoder: PretrainedEncoder) -> [[Float]] {
        encoder.backbone.parameters.map { $0.value.scalars(as: Float.self) }
      }
      #expect(weights(whole) == weights(newest))
      #expect(weights(early) != weights(newest))
      #expect(early.checkpointPath == run.checkpointPath(atStep: 4) && early.directory == run)
    }
  }
}
