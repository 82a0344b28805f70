import Foundation
import RunRecords
import TestSupport
import Testing

@Suite struct RunDirectoryTests {
  @Test func newAndEmptyFoldersBecomeRuns() throws {
    try withTemporaryDirectory { folder in
      for path in ["\(folder)/deep/new", folder + "/empty"] {
        if path.hasSuffix("empty") {
          try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }
        let run = try RunDirectory.planned(at: path)
        try run.make(configuration: "seed: 7\n")
        #expect(try RunDirectory.open(at: path) == run)
        #expect(try run.readConfiguration() == "seed: 7\n")
        #expect(run.configurationPath == "\(path)/configuration.yaml")
        #expect(run.metricsPath == "\(path)/metrics.jsonl")
        #expect(run.viewsPath == "\(path)/views.jsonl")
        #expect(run.skippedPath == "\(path)/skipped.jsonl")
        for file in [run.checkpointPath, run.encoderPath, run.evaluationPath + "/knn.json"] {
          let parent = URL(filePath: file).deletingLastPathComponent().path
          #expect(FileManager.default.fileExists(atPath: parent))
        }
      }
    }
  }

  /// Two processes that plan the same folder at once: one of them makes it.
  @Test func onlyOneOfSeveralMakesARun() throws {
    try withTemporaryDirectory { folder in
      let plans = try (0..<2).map { _ in try RunDirectory.planned(at: folder + "/run") }
      try plans[0].make(configuration: "seed: 7\n")
      let error = #expect(throws: RecordError.self) { try plans[1].make(configuration: "seed: 8\n") }
      #expect(error?.description.contains("holds a run already") == true)
      #expect(try plans[0].readConfiguration() == "seed: 7\n")
    }
  }

  @Test func nothingIsOverwritten() throws {
    try withTemporaryDirectory { folder in
      let run = try RunDirectory.planned(at: folder + "/run")
      try run.make(configuration: "seed: 7\n")
      let again = #expect(throws: RecordError.self) { try RunDirectory.planned(at: run.path) }
      #expect(
        again?.description
          == "\(run.path): holds a run already. Continue it with `hardviews pretrain --resume \(run.path)`, or choose "
          + "another --output.")
      #expect(try run.readConfiguration() == "seed: 7\n")

      let other = #expect(throws: RecordError.self) { try RunDirectory.planned(at: folder) }
      #expect(other?.description == "\(folder): exists and is not an empty folder. Choose another --output.")
      let file = #expect(throws: RecordError.self) { try RunDirectory.planned(at: run.configurationPath) }
      #expect(file?.reason == "exists and is not an empty folder")
      let below = #expect(throws: RecordError.self) {
        try RunDirectory.planned(at: run.configurationPath + "/run").make(configuration: "")
      }
      #expect(below?.reason == "could not create it (Not a directory)")
    }
  }

  @Test func whatIsNoRunIsNotOpened() throws {
    try withTemporaryDirectory { folder in
      let missing = #expect(throws: RecordError.self) { try RunDirectory.open(at: "\(folder)/x") }
      #expect(missing?.description == "\(folder)/x: there is no such folder. Name a run folder, such as runs/demo.")
      let other = #expect(throws: RecordError.self) { try RunDirectory.open(at: folder) }
      #expect(
        other?.description
          == "\(folder): is no run folder (it has no configuration.yaml). Name a folder that `hardviews pretrain` or "
          + "`hardviews demo` wrote.")
    }
  }

  @Test func evaluationsAreReadableJSON() throws {
    struct Result: Codable {
      var nearestNeighbors = 20
      var top1 = 0.5
      var loss = Double.nan
    }
    try withTemporaryDirectory { folder in
      let run = try RunDirectory.planned(at: folder + "/run")
      try run.make(configuration: "")
      try FileManager.default.removeItem(atPath: run.evaluationPath)
      try run.evaluation.write(Result(), named: "knn")
      #expect(
        try String(contentsOfFile: run.evaluationPath + "/knn.json", encoding: .utf8)
          == "{\n  \"loss\" : \"NaN\",\n  \"nearest_neighbors\" : 20,\n  \"top1\" : 0.5\n}\n")
    }
  }
}
