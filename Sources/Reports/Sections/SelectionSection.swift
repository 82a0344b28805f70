import Foundation
import HardViewPretraining
import HardViewSelection
import Objectives
import RunRecords
import ViewRecords
import Views

/// What the chosen views have in common: the paper's analysis for these runs.
struct SelectionSection {
  let runs: [RecordedRun]

  var html: HTML {
    guard runs.contains(where: { $0.metrics.contains { $0.rejectedOverlap != nil } }) else {
      return "<p>Every image trained on as many views as were drawn, so nothing was selected.</p>\n"
    }
    var body: HTML = "<div class=\"grid\">\n\(HTML(curves))</div>\n"
    for run in runs {
      guard let space = run.space, let choices = ChoiceSummary(of: run.views.records, among: space.globals) else {
        continue
      }
      if runs.count > 1 { body += "<h3>\(run.name)</h3>\n" }
      body += details(of: choices)
    }
    return body
  }

  private var curves: [HTML] {
    let single = runs.count == 1
    func series(_ name: String, _ value: (MetricsRecord) -> Double?) -> [LineChart.Series] {
      runs.map { LineChart.Series(name: single ? name : "\($0.name), \(name)", points: $0.curve(value)) }
    }
    let overlaps = LineChart(
      title: "Overlap of trained crops",
      caption: "Mean intersection over union. The marks are the paper's for SimSiam with ResNet-50.",
      series: series("chosen") { $0.selectedOverlap } + (single ? series("rejected") { $0.rejectedOverlap } : [])
        + (single ? series("random") { $0.randomOverlap } : []),
      marks: [("paper: chosen 0.35", 0.35), ("paper: rejected 0.49", 0.49)])
    let agreement = LineChart(
      title: "Agreement with least overlap",
      caption:
        "Share of images whose chosen views overlap least of all choices. Chance is 1/6 for pairs of four views.",
      series: series("agreement") { $0.leastOverlapShare }, marks: [("paper: 0.42", 0.42)])
    let scores = LineChart(
      title: "Score of the choice",
      caption: "Usually the loss. Where both are equal, views are too alike for selection to matter.",
      series: series("chosen") { $0.selectedScore } + series("random") { $0.randomScore })
    let captured = LineChart(
      title: "Captured hardness",
      caption: "1 is what exact selection finds, 0 what random views have; the rest depends on the image.",
      series: series("all of it") { $0.capturedHardness } + series("depends on the image") { $0.capturedImageHardness })
    let isPartial = runs.contains { $0.metrics.contains { $0.selectionShare < 1 } }
    let share = LineChart(
      title: "Images whose views were selected", caption: "As a share.",
      series: isPartial ? series("share") { $0.selectionShare } : [])
    return [overlaps.html, agreement.html, scores.html, captured.html, share.html].compactMap { $0 }
  }

  private func details(of choices: ChoiceSummary) -> HTML {
    let figures = [
      Histogram(
        title: "Area of the crops", caption: "As a share of the image.", unit: "share",
        sets: [("chosen", choices.chosen.area), ("not chosen", choices.others.area)]
      ).html,
      Histogram(
        title: "Distance of the crops", caption: "Between the centers of the first two trained crops and of others.",
        unit: "image widths", sets: [("chosen", choices.chosen.distance), ("not chosen", choices.others.distance)]
      ).html,
      Histogram(
        title: "Hardness", caption: "How much higher the chosen choice scored than the mean of all choices.",
        unit: "score", sets: [("all images", choices.gains)]
      ).html,
    ].compactMap { $0 }
    let views = BarChart(
      title: "Which views were chosen",
      caption: "Views are independent draws, so that each is chosen as often where nothing is wrong.",
      bars: choices.counts.enumerated().map { view, count in
        BarChart.Bar(
          name: "view \(view + 1)", value: Double(count),
          text: String(format: "%.1f %%", 100 * Double(count) / Double(choices.images)))
      }
    ).html
    let rows = choices.quantities.map { [$0.name, $0.chosen, $0.others] }
    return """
      <div class="grid">
      \(HTML(figures))</div>
      \(views ?? .empty)
      <h3>Chosen pairs against others</h3>
      \(PageTable(columns: [("mean over pairs", false), ("chosen", true), ("not chosen", true)], rows: rows).html)\
      <p class="quiet">\(choices.images) recorded choices.</p>

      """
  }
}

/// Recorded choices, put together.
struct ChoiceSummary {
  /// Numbers of some pairs of views.
  struct Pairs {
    /// The share of the image that each crop shows.
    var area: [Double] = []
    /// From center to center, in widths of the image.
    var distance: [Double] = []
    fileprivate var sums = [Double](repeating: 0, count: PairGeometry.names.count)
    fileprivate var count = 0

    fileprivate mutating func add(_ first: ViewParameters, _ second: ViewParameters) {
      for view in [first, second] {
        area.append(Double(view.crop.area) / Double(view.sourceWidth * view.sourceHeight))
      }
      let features = PairGeometry.features(first, second)
      distance.append(features[PairGeometry.names.firstIndex(of: "distance")!])
      for index in sums.indices { sums[index] += features[index] }
      count += 1
    }
  }

  /// Pairs that were trained on.
  private(set) var chosen = Pairs()
  /// Pairs of the same images that were not.
  private(set) var others = Pairs()
  /// The score of each choice less the mean of its image.
  private(set) var gains: [Double] = []
  /// How often each view was chosen.
  private(set) var counts: [Int] = []
  /// Recorded choices.
  private(set) var images = 0

  /// Looks at the global views of each record; nil where no record had a choice.
  ///
  /// - Parameter choices: The pairs of views that could be chosen.
  init?(of records: [ViewsRecord], among choices: [[Int]]) {
    guard choices.count > 1, let last = choices.flatMap({ $0 }).max(), choices[0].count == 2 else { return nil }
    for record in records where record.views.count > last && record.selected.count >= 2 {
      guard record.selected.allSatisfy(record.views.indices.contains) else { continue }
      images += 1
      let pair = record.selected.prefix(2).sorted()
      for choice in choices {
        let (first, second) = (record.views[choice[0]], record.views[choice[1]])
        if choice == pair { chosen.add(first, second) } else { others.add(first, second) }
      }
      if counts.count < record.views.count { counts += Array(repeating: 0, count: record.views.count - counts.count) }
      for view in record.selected { counts[view] += 1 }
      if let scores = record.scores, let highest = scores.max() {
        gains.append(Double(highest - scores.reduce(0, +) / Float(scores.count)))
      }
    }
    guard images > 0 else { return nil }
  }

  /// Means of what tells pairs apart, those that vary.
  var quantities: [(name: String, chosen: String, others: String)] {
    PairGeometry.names.indices.compactMap { index in
      let name = PairGeometry.names[index]
      guard !name.hasSuffix("squared"), chosen.count > 0, others.count > 0 else { return nil }
      let (mean, other) = (chosen.sums[index] / Double(chosen.count), others.sums[index] / Double(others.count))
      guard mean != 0 || other != 0 else { return nil }
      return (
        name.replacingOccurrences(of: "_", with: " "), String(format: "%.3f", mean), String(format: "%.3f", other)
      )
    }
  }
}
