import Foundation
import RepresentationEvaluation
import RunRecords
import Studies

/// The results of a study, from its folder.
struct RecordedStudy {
  let report: StudyReport
  private let picture: Data?

  /// Reads the folder of a study.
  /// - Throws: `RecordError` where there are no results.
  init(_ path: String) throws(RecordError) {
    let file = path + "/report.json"
    guard FileManager.default.fileExists(atPath: file) else {
      throw RecordError(
        path: path, reason: "holds no results of a study (report.json)",
        advice: "Name the folder that `hardviews compare` wrote, after its first run")
    }
    report = try readJSON(StudyReport.self, from: file)
    picture = try? Data(contentsOf: URL(filePath: path + "/report.png"))
  }

  /// The arms, the verdicts and the picture of pairs.
  var section: HTML {
    let arms = report.arms.map { arm -> [String] in
      [arm.condition.name, arm.arm, "\(arm.runs)", "\(arm.epochs)", describeDuration(seconds: arm.trainingSeconds)]
        + report.measures.map { name in
          arm.measures.first { $0.name == name }.map { String(format: "%.2f %%", 100 * $0.value) } ?? ""
        }
    }
    let columns =
      [("images", false), ("arm", false), ("runs", true), ("epochs", true), ("time", true)]
      + report.measures.map { ($0, true) }
    let verdicts = report.comparisons.map { comparison -> HTML in
      let scope = comparison.condition?.name ?? "all together"
      return "<li>\(scope.isEmpty ? "" : scope + ": ")\(comparison.sentence)</li>\n"
    }
    let image: HTML =
      picture.map {
        """
        <figure><img style="max-width: 100%" src="data:image/png;base64,\($0.base64EncodedString())" \
        alt="accuracy against training time"></figure>

        """
      } ?? .empty
    return """
      <p>\(report.runs.count) of \(report.plannedRuns) runs are finished.</p>
      \(PageTable(columns: columns, rows: arms).html)<ul>
      \(HTML(verdicts))</ul>
      \(image)
      """
  }
}
