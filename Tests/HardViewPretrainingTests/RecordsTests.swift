import Foundation
import HardViewPretraining
import ImageData
import RunConfiguration
import RunRecords
import TestSupport
import Testing
import ViewRecords

/// What runs write beside metrics: views in SQLite, TensorBoard's files, and what comes of them.
@Suite struct RecordsTests {
  /// The same records in both formats, also in a run that was stopped and went on.
  @Test func viewsAreTheSameInBothFormats() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let settings = ["records.views_of_images=40", "training.epochs=3"]
      let lines = try tiny.train("lines", settings)
      let tables = settings + ["records.views_format=sqlite"]
      let whole = try tiny.train("whole", tables)
      var steps = 0
      let first = try Pretraining.start(tiny.configuration(tables), output: tiny.directory("cut"))
      #expect(try first.run(shouldStop: { steps >= 5 }) { if case .step = $0 { steps += 1 } } == .interrupted)
      #expect(try Pretraining.resume(tiny.directory("cut")).run() == .finished)
      let runs = try [lines, whole, RunDirectory.open(at: tiny.directory("cut"))].map {
        try RecordedViews(of: $0).sample(limit: 1000).records
      }
      #expect(runs[0].count == 120 && runs[0] == runs[1] && runs[0] == runs[2])
      #expect(!FileManager.default.fileExists(atPath: whole.viewsPath))
      // A run cannot change to the other file.
      let error = #expect(throws: ConfigurationError.self) {
        try Pretraining.resume(tiny.directory("cut")) { try $0.set("records.views_format=jsonl") }
      }
      #expect(error?.path == "records.views_format")
    }
  }

  @Test(.enabled(if: TensorBoardReader.isThere)) func tensorBoardReadsWhatMetricsHold() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let settings = ["records.tensorboard=true", "training.epochs=3"]
      var steps = 0
      let first = try Pretraining.start(tiny.configuration(settings), output: tiny.directory("run"))
      #expect(try first.run(shouldStop: { steps >= 6 }) { if case .step = $0 { steps += 1 } } == .interrupted)
      let directory = try RunDirectory.open(at: tiny.directory("run"))
      // Killed after a checkpoint: the step after it is undone.
      try? FileManager.default.removeItem(atPath: directory.checkpointPath(atStep: 6))
      #expect(try Pretraining.resume(tiny.directory("run")).run() == .finished)
      let read = try TensorBoardReader.read(directory.tensorBoardPath)
      let metrics = try JSONLines.read(MetricsRecord.self, from: directory.metricsPath)
      for (tag, value) in [
        ("training/loss", \MetricsRecord.loss), ("selection/selected_overlap", \.selectedOverlap),
        ("embedding/rank", \.featureRank),
      ] {
        let scalars = try #require(read.scalars[tag])
        #expect(scalars.map(\.step) == metrics.map(\.step))
        for (scalar, line) in zip(scalars, metrics) { #expect(Float(scalar.value) == Float(line[keyPath: value])) }
      }
      let pictures = try #require(read.images["chosen_views"])
      #expect(pictures.map(\.step) == [4, 8, 12])
      // Four images, each with four views.
      #expect(pictures.allSatisfy { $0.width >= 5 * 112 && $0.height > 4 * 112 && $0.bytes > 1000 })
    }
  }

  /// Images that a run found hard come more often, and those that it found easy with the other sign.
  @Test(arguments: [1.5, -1.5]) func imagesAreDrawnByWhatARunFound(strength: Double) throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let first = try tiny.train("first", ["records.views_of_images=50"])
      let settings = [
        "data.weights.run=\(first.path)", "data.weights.strength=\(strength)", "records.views_of_images=64",
        "training.epochs=20", "selection.policy=none",
      ]
      let second = try tiny.train("second", settings)
      let records = try RecordedViews(of: second).sample(limit: 100_000).records
      #expect(records.count == 64 * 20)
      let ledger = try RecordedViews(of: first).tables().database.ledger()
      let standings = ledger.compactMap(\.standing)
      let mean = standings.reduce(0, +) / Double(standings.count)
      let deviation =
        (standings.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(standings.count)).squareRoot()
      var weights = [Double](repeating: 1, count: 64)
      for image in ledger {
        weights[image.image] = exp(strength * min(max((image.standing! - mean) / deviation, -2), 2))
      }
      let total = weights.reduce(0, +)
      for epoch in 0..<20 {
        let own = records.filter { $0.epoch == epoch }
        for (image, weight) in weights.enumerated() {
          #expect(abs(Double(own.count { $0.image == image }) - 64 * weight / total) < 1)
        }
      }
    }
  }

  @Test func weightsNeedARunThatKnowsTheImages() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      for (settings, words) in [
        (["data.weights.strength=1"], "must name the run"), (["data.weights.strength=9"], "from -5 to 5"),
      ] {
        let error = #expect(throws: ConfigurationError.self) { try tiny.configuration(settings) }
        #expect(error?.description.contains(words) == true)
      }
      let first = try tiny.train("first")
      let images = try SyntheticImages.writeFolder("others", in: folder, classes: [("a", 40, 0)])
      let others = ["data.weights.strength=1", "data.weights.run=\(first.path)", "data.path=\(images)"]
      let error = #expect(throws: ConfigurationError.self) {
        try Pretraining.start(tiny.configuration(others), output: tiny.directory("second"))
      }
      #expect(error?.description.contains("none of which is among the 40") == true)
      #expect(!FileManager.default.fileExists(atPath: tiny.directory("second")))
      let nowhere = ["data.weights.strength=1", "data.weights.run=\(folder)/nowhere"]
      #expect(throws: RecordError.self) {
        try Pretraining.start(tiny.configuration(nowhere), output: tiny.directory("second"))
      }
    }
  }
}
