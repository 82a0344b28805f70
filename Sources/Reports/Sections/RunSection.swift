import Foundation
import HardViewPretraining
import HardViewSelection
import ImageData
import NeuralNetworks
import Objectives
import RepresentationEvaluation
import RunConfiguration
import RunRecords
import Statistics
import Views

extension RecordedRun {
  /// What was run, in a sentence or two.
  var sentence: String {
    var text = "\(name)"
    if let values = configuration?.values, let configuration {
      let data = URL(filePath: values.data.path).lastPathComponent
      text =
        "\(configuration.method.name) with \(values.backbone.name.rawValue) of width \(values.backbone.width) on \(data), "
        + "\(TrainingSummary.describe(values.selection))"
    }
    return "\(text). \(progress)"
  }

  private var progress: String {
    guard let last = metrics.last else { return "Nothing was recorded yet." }
    let epochs = configuration?.values.training.epochs
    let done = stepsPerEpoch.map { (Double(last.step) / $0).rounded(.down) } ?? 0
    guard let epochs else { return "\(last.step) steps were recorded." }
    return Int(done) >= epochs
      ? "All \(epochs) epochs are done." : "\(Int(done)) of \(epochs) epochs are done: it trains still, or was stopped."
  }
}

/// What was run, how long it took, what came out.
struct RunSection {
  let run: RecordedRun
  /// Whether the page is about this run alone.
  let isOnlyOne: Bool

  var html: HTML {
    var body: HTML = isOnlyOne ? .empty : "<h3>\(run.name)</h3>\n"
    for remark in run.remarks { body += "<p class=\"warn\">\(remark)</p>\n" }
    body += results
    body += times
    body += settings
    return body
  }

  private var results: HTML {
    let rows = run.evaluations.flatMap { evaluation in
      evaluation.measures.map { measure in
        [
          evaluation.name, measure.name, String(format: "%.2f %%", 100 * measure.value),
          measure.interval.map { String(format: "%.2f to %.2f", 100 * $0.lower, 100 * $0.upper) } ?? "",
        ]
      }
    }
    guard !rows.isEmpty else { return .empty }
    return PageTable(
      columns: [("evaluation", false), ("measure", false), ("value", true), ("95 % over test images", true)], rows: rows
    ).html
  }

  /// Seconds of training by what they went into.
  private var times: HTML {
    func sum(_ value: (MetricsRecord) -> Double?) -> Double { run.metrics.reduce(0) { $0 + (value($1) ?? 0) } }
    let stages: [(String, Double)] = [
      ("training", sum(\.trainingSeconds)), ("selection", sum(\.selectionSeconds)),
      ("waiting for images", sum(\.dataSeconds)), ("rendering chosen views", sum(\.candidateSeconds)),
      ("audits", sum(\.auditSeconds)), ("online evaluation", sum(\.evaluationSeconds)),
      ("records and checkpoints", sum(\.otherSeconds)),
    ]
    let total = stages.reduce(0) { $0 + $1.1 }
    let starts = run.history.count
    let bars = stages.filter { $0.1 > 0.001 * total }.map { name, seconds in
      BarChart.Bar(
        name: name, value: seconds,
        text: "\(describeDuration(seconds: seconds)), \(Int((100 * seconds / total).rounded())) %")
    }
    let caption =
      "\(describeDuration(seconds: total)) in all" + (starts > 1 ? ", begun or gone on with \(starts) times." : ".")
    return BarChart(title: "Where the time went", caption: caption, bars: bars).html ?? .empty
  }

  private var settings: HTML {
    guard let configuration = run.configuration else { return .empty }
    let summary = configuration.values.summary
    let recipe =
      summary.isEmpty ? nil : Recipes.names.first { (try? Recipes.named($0))?.string(at: "summary") == summary }
    let base = recipe.flatMap { try? ResolvedConfiguration(Recipes.named($0), components: configuration.components) }
    guard let recipe, let base else { return .empty }
    let changes = base.tree.changes(to: configuration.tree).filter { $0.key != "data.path" }
    guard !changes.isEmpty else { return "<p>Every setting is that of the recipe <code>\(recipe)</code>.</p>\n" }
    return """
      <h3>Settings that differ from the recipe <code>\(recipe)</code></h3>
      \(PageTable(
        columns: [("setting", false), ("recipe", false), ("here", false)],
        rows: changes.map { [$0.key, $0.before, $0.after] }
      ).html)
      """
  }
}
