import Foundation
import RunRecords
import TestSupport
import Testing

/// `hardviews compare` as a user meets it: trained, killed, resumed, refused.
extension CommandLineTests {
  private struct Report: Decodable {
    struct Run: Decodable {
      var arm: String
      var seed: Int
      var epochs: Int
      var trainingSeconds: Double
      var processorSeconds: Double?
    }
    struct Comparison: Decodable {
      var base: String
      var arm: String
      var verdict: String
    }
    struct Failure: Decodable {
      var arm: String
      var reason: String
    }
    var runs: [Run]
    var comparisons: [Comparison]
    var failures: [Failure]
  }

  private func report(_ study: String) throws -> Report {
    try readJSON(Report.self, from: study + "/report.json")
  }

  private func writeStudy(in folder: String, arms: String, extra: String = "") throws {
    let data = try SyntheticImages.writeIDX(in: folder)
    try """
    summary: A tiny study
    data: {squares: {path: \(data)}}
    settings:
      data: {loader_threads: 0}
      views: {size: 16, blur: {probability: 0.0}, normalization: {mean: [0.5], standard_deviation: [0.25]}}
      backbone: {name: resnet18, stem: cifar, width: 8, channels: 1}
      method: {name: simsiam, projector_layers: 2, projector_output: 16, predictor_hidden: 8}
      training: {epochs: 1, batch_size: 16}
      evaluation: {resize: 16, crop: 16}
    reference: random
    arms:
    \(arms)
    protocols: {knn: {neighbours: [5]}}
    \(extra)
    """.write(toFile: folder + "/study.yaml", atomically: true, encoding: .utf8)
  }

  fileprivate static let twoArms = """
      random: {settings: {selection: {policy: none}}}
      hard: {settings: {selection: {policy: hardest}}}
    """

  @Test func comparesArms() throws {
    try withTemporaryDirectory { folder in
      let arms = "  untrained: {untrained: true}\n" + Self.twoArms + "\n  longer: {like: random, as_long_as: hard}"
      try writeStudy(in: folder, arms: arms, extra: "seeds: 1")
      let trained = try hardviews(["compare", "study.yaml", "--at-once", "2"], in: folder)
      #expect(trained.code == 0, "\(trained.error)")
      #expect(trained.error.contains("1 pair cannot show any gain"))
      // A busy machine may have slowed one of them down.
      let isCompared = ["at equal time (", "(not at equal time: "].contains {
        trained.output.contains("hard against longer \($0)")
      }
      #expect(isCompared, "\(trained.output)")
      let study = folder + "/runs/study"
      let before = try report(study)
      #expect(Set(before.runs.map(\.arm)) == ["untrained", "random", "hard", "longer"])
      let runs = Dictionary(uniqueKeysWithValues: before.runs.map { ($0.arm, $0) })
      let ratio = try #require(runs["hard"]?.processorSeconds) / #require(runs["random"]?.processorSeconds)
      #expect(runs["longer"]!.epochs == max(1, Int(ratio.rounded())) && runs["untrained"]!.epochs == 0)
      #expect(before.comparisons.allSatisfy { $0.verdict == "too_few_pairs" })
      for file in ["report.md", "report.png"] {
        #expect(FileManager.default.fileExists(atPath: "\(study)/\(file)"))
      }

      try FileManager.default.removeItem(atPath: study + "/report.json")
      #expect(try hardviews(["compare", "--report", study], in: folder).output == trained.output)
      #expect(try report(study).runs.count == 4)

      try writeStudy(in: folder, arms: Self.twoArms, extra: "seeds: [0, 5]")
      let changed = try hardviews(["compare", "study.yaml"], in: folder)
      #expect(changed.code == 1 && changed.error.contains("arms.untrained.untrained is not set and was true"))
    }
  }

  @Test func aRunThatFailsIsNamedAndTheOthersGoOn() throws {
    try withTemporaryDirectory { folder in
      let arms = """
          broken: {settings: {optimizer: {learning_rate: 1.0e+30}}}
          random: {untrained: true}
        """
      try writeStudy(in: folder, arms: arms, extra: "seeds: [7]")
      let result = try hardviews(["compare", "study.yaml", "--output", "s"], in: folder)
      #expect(result.code == 1)
      #expect(result.error.contains("FAILED: broken, seed 7") && result.error.contains("1 of 2 runs failed"))
      let report = try report(folder + "/s")
      #expect(report.runs.map(\.arm) == ["random"])
      #expect(report.failures.map(\.arm) == ["broken"] && report.failures[0].reason.contains("The loss became"))
    }
  }

  @Test func aKilledStudyGoesOnWithoutRepeatingWhatIsDoneAndGrows() throws {
    try withTemporaryDirectory { folder in
      let arms = """
          untrained: {untrained: true}
          random: {settings: {selection: {policy: none}}}
        """
      try writeStudy(in: folder, arms: arms, extra: "seeds: 1")
      let process = Process()
      process.executableURL = Self.program
      process.arguments = ["compare", "study.yaml", "--output", "s", "--at-once", "1"]
      process.currentDirectoryURL = URL(filePath: folder)
      process.standardError = FileHandle.nullDevice
      try process.run()
      let runs = folder + "/s/runs/squares"
      let done = "\(runs)/untrained/seed-0/measures.json"
      while !FileManager.default.fileExists(atPath: done), process.isRunning { usleep(5_000) }
      let other = try hardviews(["compare", "study.yaml", "--output", "s"], in: folder)
      #expect(other.code == 1 && other.error.contains("is being worked on by process \(process.processIdentifier)"))
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
      let measured = try FileManager.default.attributesOfItem(atPath: done)[.modificationDate] as? Date
      try writeStudy(in: folder, arms: arms, extra: "seeds: [0, 5]")
      let result = try hardviews(["compare", "study.yaml", "--output", "s"], in: folder)
      #expect(result.code == 0, "\(result.error)")
      #expect(try FileManager.default.attributesOfItem(atPath: done)[.modificationDate] as? Date == measured)
      let log = try String(contentsOfFile: "\(runs)/untrained/seed-0/log.txt", encoding: .utf8)
      #expect(log.components(separatedBy: "$ hardviews compare --measure").count == 2)
      #expect(try report(folder + "/s").runs.map(\.seed) == [0, 0, 5, 5])
    }
  }

  /// A process without the study that it belongs to; no process has number 0.
  @Test func measuringEndsWithItsStudy() throws {
    let arguments = ["compare", "--measure", "/nowhere"]
    #expect(try hardviews(arguments).code == 1)
    #expect(try hardviews(arguments, environment: ["HARDVIEWS_STUDY_PROCESS": "0"]).code == 130)
  }

  @Test func foldersOfSomethingElseAreRefused() throws {
    try withTemporaryDirectory { folder in
      try writeStudy(in: folder, arms: Self.twoArms)
      let taken = try hardviews(["compare", "study.yaml", "--output", folder], in: folder)
      #expect(taken.code == 1 && taken.error.contains("is no folder of a study"))
      let missing = try hardviews(["compare", "--report", "nothing"], in: folder)
      #expect(missing.code == 1 && missing.error.contains("is no folder of a study"))
      let file = try hardviews(["compare", "study.yaml", "--output", "study.yaml/s"], in: folder)
      #expect(file.code == 1 && file.error.contains("study.yaml/s") && !file.error.contains("Error Domain"))
      #expect(try hardviews(["compare"], in: folder).code == 2)
    }
  }

  @Test func aQuickComparisonOfOtherImagesIsNotGoneOnWith() throws {
    try withTemporaryDirectory { folder in
      try writeStudy(in: folder, arms: Self.twoArms)
      let data = try SyntheticImages.writeIDX(in: folder + "/others")
      try FileManager.default.createDirectory(atPath: folder + "/s", withIntermediateDirectories: false)
      try FileManager.default.copyItem(atPath: folder + "/study.yaml", toPath: folder + "/s/comparison.yaml")
      let result = try hardviews(["compare", "--quick", "--data", data, "--output", "s"], in: folder)
      #expect(result.code == 1 && result.error.contains("holds a study of other images"), "\(result.error)")
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder + "/s") == ["comparison.yaml"])
    }
  }

  @Test func imagesThatCannotBeMeasuredOnAreRefusedBeforeTraining() throws {
    try withTemporaryDirectory { folder in
      try writeStudy(in: folder, arms: Self.twoArms)
      try FileManager.default.removeItem(atPath: folder + "/images/train-labels-idx1-ubyte")
      let result = try hardviews(["compare", "study.yaml"], in: folder)
      #expect(result.code == 1 && result.error.contains("label") && !result.error.contains("began"), "\(result.error)")
      #expect(!FileManager.default.fileExists(atPath: folder + "/runs"))
    }
  }

  @Test func quickComparisonNeedsLabels() throws {
    try withTemporaryDirectory { folder in
      let data = try SyntheticImages.writeIDX(in: folder, train: 8, test: 4)
      try FileManager.default.removeItem(atPath: data + "/train-labels-idx1-ubyte")
      let result = try hardviews(["compare", "--quick", "--data", data], in: folder)
      #expect(result.code == 1 && result.error.contains("have no labels") && result.error.contains("--labelled"))
      #expect(!FileManager.default.fileExists(atPath: folder + "/runs"))
      #expect(try hardviews(["compare", "--quick"], in: folder).code == 2)
      #expect(try hardviews(["compare", "x.yaml", "--budget", "1h"], in: folder).code == 2)
    }
  }
}
