import Foundation
import RepresentationEvaluation
import RunRecords

extension StudyReport {
  /// The results as text for a terminal: a table for each condition, and the verdicts.
  public var text: String {
    var parts: [String] = []
    for condition in conditions {
      let rows = table(of: condition)
      var table = Table(columns: [.left("arm")] + Self.headings(measures).map { .right($0) })
      for row in rows { table.addRow(row) }
      parts.append("\(condition.name)\n\n\(table.text)\n\n\(lines(of: condition).joined(separator: "\n"))")
    }
    let pooled = lines(of: nil)
    if !pooled.isEmpty { parts.append("all \(conditions.count) together\n\n" + pooled.joined(separator: "\n")) }
    if !failures.isEmpty {
      parts.append(
        failures.map { "FAILED: \($0.arm), seed \($0.seed) (\($0.condition.name)) \($0.reason)" }
          .joined(separator: "\n"))
    }
    return parts.joined(separator: "\n\n")
  }

  /// The results as Markdown.
  ///
  /// - Parameter picture: The name of the picture's file beside it.
  public func markdown(picture: String) -> String {
    var parts = ["# \(summary.isEmpty ? "Comparison" : summary)"]
    parts.append(
      "\(runs.count) of \(plannedRuns) runs are finished. Gains are against `\(reference)` with the same seed, in "
        + "percentage points, with the 95 % interval and the two-sided p of the exact sign-flip test.")
    for condition in conditions {
      parts.append("## \(condition.name)")
      let head = ["arm"] + Self.headings(measures)
      let rows = [head, head.indices.map { $0 == 0 ? "---" : "---:" }] + table(of: condition)
      parts.append(rows.map { "| " + $0.joined(separator: " | ") + " |" }.joined(separator: "\n"))
      parts.append(lines(of: condition).map { "- \($0)" }.joined(separator: "\n"))
    }
    let pooled = lines(of: nil)
    if !pooled.isEmpty {
      parts.append("## All \(conditions.count) together")
      parts.append(pooled.map { "- \($0)" }.joined(separator: "\n"))
    }
    if !runs.isEmpty {
      parts.append("## Every run")
      parts.append("![Accuracy against training time; a line joins the runs of a pair](\(picture))")
      let head = ["images", "method", "seed", "arm", "epochs", "seconds"] + measures
      let rows = runs.map { run in
        [
          run.condition.set, run.condition.method, "\(run.seed)", run.arm, "\(run.epochs)",
          String(format: "%.0f", run.trainingSeconds),
        ] + measures.map { run.value($0).map(Self.percent) ?? "" }
      }
      parts.append(
        ([head, head.map { _ in "---" }] + rows).map { "| " + $0.joined(separator: " | ") + " |" }
          .joined(separator: "\n"))
    }
    if !failures.isEmpty {
      parts.append("## Failed runs")
      parts.append(
        failures.map { "\($0.arm), seed \($0.seed) (\($0.condition.name)) \($0.reason)\n\nIts log: `\($0.log)`" }
          .joined(separator: "\n\n"))
    }
    return parts.joined(separator: "\n\n") + "\n"
  }

  /// The conditions that have results, in their order.
  var conditions: [Study.Condition] {
    arms.map(\.condition).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }

  private static func headings(_ measures: [String]) -> [String] { ["runs", "epochs", "time"] + measures }

  private func table(of condition: Study.Condition) -> [[String]] {
    arms.filter { $0.condition == condition }.map { arm in
      [
        arm.arm, "\(arm.runs)", arm.epochs == 0 ? "–" : "\(arm.epochs)",
        arm.epochs == 0 ? "–" : describeDuration(seconds: arm.trainingSeconds),
      ] + measures.map { name in arm.measures.first { $0.name == name }.map { Self.percent($0.value) } ?? "" }
    }
  }

  /// The verdicts, a line each.
  private func lines(of condition: Study.Condition?) -> [String] {
    comparisons.filter { $0.condition == condition }.map(\.sentence)
  }

  private static func percent(_ share: Double) -> String { String(format: "%.2f %%", share * 100) }
}

extension StudyReport.Comparison {
  /// Which arms, by which measure, and the verdict.
  package var sentence: String { "\(arm) against \(base)\(isAtEqualTime ? time : ""), \(measure): \(words)" }

  /// How equal times were that were meant to be: the load of a machine can change between the runs of a pair.
  private var time: String {
    guard let timeRatio else { return "" }
    let isEqual = (0.8...1.25).contains(timeRatio)
    return String(
      format: isEqual ? " at equal time (%.2f × as long)" : " (not at equal time: %.2f × as long)", timeRatio)
  }
}
