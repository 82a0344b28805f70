import Foundation
import HardViewPretraining
import RepresentationEvaluation
import RunConfiguration
import RunRecords

/// One training of a study with its place in the study's folder.
public struct StudyRun: Sendable, Hashable {
  /// The image set and the method.
  public var condition: Study.Condition
  /// The arm.
  public var arm: String
  /// The seed.
  public var seed: Int
  /// The folder of everything that belongs to it.
  public var folder: String

  /// What it is called in messages.
  public var name: String { "\(arm), seed \(seed) (\(condition.name))" }

  /// The settings that it trains with.
  public var settingsPath: String { folder + "/settings.yaml" }
  /// The run folder of `hardviews pretrain`.
  public var trainingPath: String { folder + "/run" }
  /// What its processes have said.
  public var logPath: String { folder + "/log.txt" }
  /// How its encoder is to be measured.
  public var measuringPath: String { folder + "/measuring.json" }
  /// The measures of its encoder.
  public var measuresPath: String { folder + "/measures.json" }
  /// Why it failed, where it did.
  public var failurePath: String { folder + "/failure.txt" }

  /// The measures with how they were taken; nil where there are none.
  func measured() -> MeasuredRun? {
    try? readJSON(MeasuredRun.self, from: measuresPath)
  }

  /// Why it failed; nil where it did not.
  func failure() -> String? {
    FileManager.default.contents(atPath: failurePath).map { String(decoding: $0, as: UTF8.self) }
  }

  /// What came of it; nil where it has not been trained and measured.
  func result(of study: Study) throws -> RunResult? {
    guard let measured = measured(), measured.protocols == study.protocols else { return nil }
    var (seconds, epochs, processorSeconds) = (0.0, 0, Double?.none)
    if study.arm(arm)?.isUntrained == false {
      let run = try RunDirectory.open(at: trainingPath)
      let records = try JSONLines.read(MetricsRecord.self, from: run.metricsPath)
      seconds = records.map(\.seconds).reduce(0, +)
      let values = try Pretraining.configuration(of: run).values
      epochs = values.training.epochs
      let processor = records.compactMap(\.processorSeconds)
      if values.device == .cpu, processor.count == records.count { processorSeconds = processor.reduce(0, +) }
    }
    return RunResult(
      condition: condition, arm: arm, seed: seed, epochs: epochs, trainingSeconds: seconds,
      processorSeconds: processorSeconds, mainMeasures: measured.mainMeasures, measures: measured.measures)
  }
}

extension MetricsRecord {
  /// The time of the thread that trains, but for that of measuring the encoder on the way.
  var seconds: Double {
    dataSeconds + (candidateSeconds ?? 0) + selectionSeconds + trainingSeconds + (auditSeconds ?? 0)
      + (otherSeconds ?? 0)
  }
}

/// The measures of an encoder, as written to `measures.json`.
struct MeasuredRun: Codable {
  var protocols: [StudyProtocol]
  var images: String
  /// The first measure of each protocol.
  var mainMeasures: [String]
  var measures: [Measure]
}

/// What is to be measured, as written to `measuring.json`.
struct RunToMeasure: Codable {
  var isUntrained: Bool
  /// Labelled images; empty for those that are trained on.
  var labelled: String
  var protocols: [StudyProtocol]
}

/// What came of a run.
public struct RunResult: Codable, Sendable, Equatable {
  /// The image set and the method.
  public var condition: Study.Condition
  /// The arm.
  public var arm: String
  /// The seed.
  public var seed: Int
  /// The epochs that it was trained for; 0 for an untrained encoder.
  public var epochs: Int
  /// The seconds that training took.
  public var trainingSeconds: Double
  /// The processor seconds of all its threads, which other work on the machine changes less; nil on GPUs, and for runs
  /// of versions that did not record them.
  public var processorSeconds: Double?
  /// The first measure of each protocol.
  public var mainMeasures: [String]
  /// How good its encoder is, with intervals over test images.
  public var measures: [Measure]

  /// The time of this run and of another: processor seconds where they are known for both, else those of the clock.
  func seconds(beside other: RunResult) -> (own: Double, other: Double) {
    guard let own = processorSeconds, let others = other.processorSeconds else {
      return (trainingSeconds, other.trainingSeconds)
    }
    return (own, others)
  }

  /// The value of a measure.
  public func value(_ measure: String) -> Double? { measures.first { $0.name == measure }?.value }
}

/// A run that failed.
public struct RunFailure: Codable, Sendable, Equatable {
  /// The image set and the method.
  public var condition: Study.Condition
  /// The arm.
  public var arm: String
  /// The seed.
  public var seed: Int
  /// Why, with the last lines of its log.
  public var reason: String
  /// The whole log.
  public var log: String
}
