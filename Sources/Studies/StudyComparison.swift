import Foundation
import HardViewPretraining
import RunConfiguration
import RunRecords

/// A study and its folder: carries it out, and reports on it.
public struct StudyComparison {
  /// The study.
  public let study: Study
  /// Where it is carried out.
  public let folder: StudyFolder

  /// A study that is to be carried out in a folder, or goes on there.
  public init(_ study: Study, in folder: StudyFolder) {
    self.study = study
    self.folder = folder
  }

  /// The study that a folder holds.
  /// - Throws: `RecordError` where there is none.
  public init(resuming path: String, components: Components = .standard) throws {
    folder = StudyFolder(at: path)
    study = try Study(folder.readStudy(), components: components)
  }

  /// The results so far.
  public func report() throws -> StudyReport {
    let runs = folder.runs(of: study)
    return StudyReport(
      of: study, results: try runs.compactMap { try $0.result(of: study) },
      failures: runs.compactMap { run in
        run.failure().map {
          RunFailure(condition: run.condition, arm: run.arm, seed: run.seed, reason: $0, log: run.logPath)
        }
      })
  }

  /// Writes `report.json`, `report.md` and `report.png` again.
  public func writeReport() throws -> StudyReport {
    let report = try report()
    try report.write(to: folder)
    return report
  }

  /// What gain the planned pairs can show, in sentences.
  public func power() throws -> [String] {
    PowerStatement.sentences(PowerStatement.all(for: study, report: try report()))
  }

  /// Trains and measures what is not finished yet; writes the reports whenever a run is.
  ///
  /// - Parameters:
  ///   - resources: What it may use.
  ///   - shouldStop: Asked again and again; runs that are stopped write a checkpoint first.
  ///   - onEvent: Told what happens.
  /// - Throws: `RecordError` where another process carries out the study, the folder holds another one, or the disk
  ///   refuses; errors of images that encoders cannot be measured on.
  public func run(
    with resources: StudyQueue.Resources, shouldStop: () -> Bool, onEvent: @escaping (StudyQueue.Event) -> Void
  ) throws -> StudyQueue.Outcome {
    if folder.runs(of: study).contains(where: { $0.measured() == nil }) { try RunMeasurement.checkImages(of: study) }
    let lock = try folder.lock()
    defer { withExtendedLifetime(lock) {} }
    try folder.begin(study)
    let queue = try StudyQueue(
      study, in: folder, resources: resources, onReport: { [folder] in try $0.write(to: folder) }, onEvent: onEvent)
    return try queue.run(shouldStop: shouldStop)
  }
}
