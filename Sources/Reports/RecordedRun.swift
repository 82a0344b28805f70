import Foundation
import HardViewPretraining
import HardViewSelection
import ImageData
import Objectives
import PixelEvaluation
import RepresentationEvaluation
import RunConfiguration
import RunEvaluation
import RunRecords
import ViewRecords

/// What the files of a run folder say, as far as they can be read.
struct RecordedRun {
  /// The folder's name.
  let name: String
  /// The folder.
  let directory: RunDirectory
  /// What was configured; nil where this version does not understand it.
  let configuration: ResolvedConfiguration?
  /// Lines of metrics, spread over the run.
  let metrics: [MetricsRecord]
  /// Recorded choices, spread over the run.
  let views: JSONLines.Sample<ViewsRecord>
  /// What was found to be wrong.
  let findings: [HealthFinding]
  /// When training began and went on.
  let history: [HistoryRecord]
  /// Numbers of evaluations, by the file's name.
  let evaluations: [(name: String, measures: [Measure])]
  /// How far the embedding moves under augmentations; nil where that was not measured.
  let invariance: Invariance.Result?
  /// What could not be read, a sentence each.
  let remarks: [String]

  private static let metricsLimit = 4000
  private static let viewsLimit = 6000

  /// Reads a run folder.
  /// - Throws: `RecordError` where there is none.
  init(_ path: String, components: Components) throws(RecordError) {
    directory = try RunDirectory.open(at: path)
    name = URL(filePath: path).standardizedFileURL.lastPathComponent
    var remarks: [String] = []
    do {
      configuration = try Pretraining.configuration(of: directory, components: components)
    } catch {
      configuration = nil
      remarks.append("The configuration cannot be used: \(error)")
    }
    func read<Record>(
      _ path: String, _ sample: () throws(RecordError) -> JSONLines.Sample<Record>
    ) -> JSONLines.Sample<Record> {
      do throws(RecordError) {
        let sample = try sample()
        if sample.unreadable > 0 {
          remarks.append(
            "\(sample.unreadable) of \(sample.unreadable + sample.records.count) lines of "
              + "\(URL(filePath: path).lastPathComponent) are not of this version and were left out.")
        }
        return sample
      } catch {
        remarks.append("\(error)")
        return JSONLines.Sample()
      }
    }
    func sample<Record: Decodable>(_ type: Record.Type, _ path: String, _ limit: Int) -> JSONLines.Sample<Record> {
      read(path) { () throws(RecordError) in try JSONLines.sample(type, from: path, limit: limit) }
    }
    metrics = sample(MetricsRecord.self, directory.metricsPath, Self.metricsLimit).records
    let recorded = RecordedViews(of: directory)
    views = read(recorded.path) { () throws(RecordError) in try recorded.sample(limit: Self.viewsLimit) }
    findings = sample(HealthFinding.self, directory.healthPath, 1000).records
    history = sample(HistoryRecord.self, directory.historyPath, 1000).records
    evaluations = Self.evaluations(in: directory.evaluationPath)
    invariance = Self.latestInvariance(of: evaluations.map(\.name), in: directory.evaluationPath)
    self.remarks = remarks
  }

  /// The latest record: later ones have higher numbers behind the name.
  private static func latestInvariance(of names: [String], in folder: String) -> Invariance.Result? {
    let latest = names.filter { $0.hasPrefix(Invariance.name) }.max { ($0.count, $0) < ($1.count, $1) }
    let record = latest.flatMap { name in
      try? readJSON(EvaluationRecord<Invariance, Invariance.Result>.self, from: "\(folder)/\(name).json")
    }
    return record?.result
  }

  private struct Evaluation: Decodable {
    var measures: [Measure]
  }

  private static func evaluations(in folder: String) -> [(name: String, measures: [Measure])] {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return files.sorted().compactMap { file in
      guard let evaluation = try? readJSON(Evaluation.self, from: "\(folder)/\(file)") else { return nil }
      return (URL(filePath: file).deletingPathExtension().lastPathComponent, evaluation.measures)
    }
  }

  /// The choices among the views that were recorded of an image; nil where the configuration cannot be used.
  var space: CandidateSpace? {
    guard let configuration else { return nil }
    let selection = configuration.values.selection
    let plan = configuration.views.plan
    return selection.dropsViews ? selection.auditSpaces(for: plan).all : selection.space(for: plan)
  }

  /// The images that it was trained on, opened now, or why they cannot be.
  var images: Result<any ImageDataset, any Error>? {
    configuration.map { configuration in Result { try configuration.open(split: .train) } }
  }

  /// Steps of an epoch; nil before the first line.
  var stepsPerEpoch: Double? { metrics.filter { $0.epoch == 0 }.map { Double($0.step) }.max() }

  /// Where a line is, in epochs.
  func epochs(_ step: Int) -> Double { Double(step) / max(stepsPerEpoch ?? 1, 1) }

  /// A quantity of the metrics over epochs.
  func curve(_ value: (MetricsRecord) -> Double?) -> [(x: Double, y: Double)] {
    metrics.compactMap { line in value(line).map { (epochs(line.step), $0) } }
  }

  /// The recorded choices of a part of training, from first to last share of it.
  func choices(in window: ClosedRange<Double>, limit: Int) -> [ViewsRecord] {
    (try? RecordedViews(of: directory).sample(limit: limit, window: window))?.records ?? []
  }
}
