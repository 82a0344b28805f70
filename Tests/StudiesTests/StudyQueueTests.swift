import Foundation
import HardViewPretraining
import RepresentationEvaluation
import RunConfiguration
import RunRecords
import TestSupport
import Testing

@testable import Studies

/// Which run is next, by results that were written before.
@Suite struct StudyQueueTests {
  private let study: Study

  init() throws {
    study = try Study(ConfigurationTree(yaml: StudyFileTests.text, source: "study"))
  }

  /// Writes what a finished run leaves behind.
  private func finish(_ arm: String, seed: Int, seconds: Double, in folder: StudyFolder) throws {
    let run = folder.run(of: arm, seed: seed, in: study.conditions[0])
    try makeFolder(run.trainingPath)
    try writeJSON(
      MeasuredRun(
        protocols: study.protocols, images: "", mainMeasures: ["20-NN"],
        measures: [Measure(name: "20-NN", value: 0.5, interval: nil)]),
      to: run.measuresPath)
    let configuration = study.configuration(of: arm, in: run.condition)
    try writeText(configuration.tree.yaml, to: run.trainingPath + "/configuration.yaml")
    let metrics = """
      {"step":1,"epoch":0,"loss":0,"learning_rate":0,"images_per_second":1,"data_seconds":0,"reading_seconds":0,\
      "decoding_seconds":0,"rendering_seconds":0,"selection_seconds":0,"training_seconds":\(seconds),\
      "selection_share":0,"selected_overlap":0,"random_overlap":0,"feature_standard_deviation":1,"feature_rank":1}

      """
    try writeText(metrics, to: RunDirectory.open(at: run.trainingPath).metricsPath)
  }

  /// The runs that are left when untrained, random and hard ones of the first seed are done, in 0, 10 and 20 s.
  private func order(budget: Double) throws -> (runs: [String], seedsLeft: Int) {
    try withTemporaryDirectory { path in
      let folder = StudyFolder(at: path)
      for (arm, seconds) in [("untrained", 0.0), ("random", 10), ("hard", 20)] {
        try finish(arm, seed: 0, seconds: seconds, in: folder)
      }
      var resources = StudyQueue.Resources()
      (resources.atOnce, resources.budget) = (1, budget)
      var seedsLeft = 0
      let queue = try StudyQueue(study, in: folder, resources: resources, onReport: { _ in }) { event in
        if case .outOfTime(let seeds) = event { seedsLeft = seeds }
      }
      var runs: [String] = []
      while let run = queue.next() { runs.append("\(run.arm) \(run.seed)") }
      return (runs, seedsLeft)
    }
  }

  /// Another seed needs 50 s, and the stretched run of the first one 20 s.
  @Test func noSeedIsBegunThatWouldNotEndInTime() throws {
    let short = try order(budget: 60)
    #expect(short.runs == ["random-longer 0"] && short.seedsLeft == 2)
    let enough = try order(budget: 80)
    #expect(Array(enough.runs.prefix(3)) == ["hard 1", "random 1", "untrained 1"])
  }
}
