import Foundation
import HardViewPretraining
import HardViewSelection
import Importances
import Objectives
import RunRecords
import ViewRecords
import Views

/// What makes a pair of views hard: a functional ANOVA of recorded scores over the drawn parameters, and how often these
/// alone predict the choice.
struct ImportancesSection {
  let runs: [RecordedRun]

  var html: HTML {
    let parts = runs.compactMap { run -> HTML? in
      guard let space = run.space, let importances = PairImportances(of: run.views.records, among: space) else {
        return nil
      }
      return (runs.count > 1 ? "<h3>\(run.name)</h3>\n" : .empty) + body(of: importances)
    }
    guard !parts.isEmpty else { return .empty }
    return """
      <p>Scores of recorded pairs, each less the mean of its image, as a random forest explains them by the drawn \
      parameters of both views (functional ANOVA; Hutter, Hoos and Leyton-Brown 2014). Shares are of what the forest \
      predicts to vary where quantities vary independently of each other.</p>
      \(HTML(parts))
      """
  }

  private func body(of importances: PairImportances) -> HTML {
    func bars(_ effects: [FunctionalANOVA.Effect], color: Int) -> [BarChart.Bar] {
      effects.filter { $0.fraction > 0.005 }.map { effect in
        BarChart.Bar(
          name: effect.names.map { $0.replacingOccurrences(of: "_", with: " ") }.joined(separator: " × "),
          value: effect.fraction, text: String(format: "%.1f %%", 100 * effect.fraction), color: color)
      }
    }
    let main = bars(importances.mainEffects.sorted { $0.fraction > $1.fraction }, color: 0)
    let pairs = bars(importances.interactions.sorted { $0.fraction > $1.fraction }, color: 2)
    let chart = BarChart(
      title: "Importances",
      caption: "Quantities alone, then pairs of them beyond what each does alone.",
      bars: Array(main.prefix(14)) + Array(pairs.prefix(4)))
    return """
      \(chart.html ?? .empty)
      <p>For images that were not learned from, the drawn parameters alone explain \
      \(Self.percent(max(importances.explained, 0))) of how scores vary within an image, and predict its hardest pair in \
      \(Self.percent(importances.agreement)) of \(importances.tested) cases, where chance is \
      \(Self.percent(importances.chance)). The rest of hardness lies in the images.</p>

      """
  }

  private static func percent(_ share: Double) -> String { String(format: "%.0f %%", 100 * share) }
}

/// How the scores of recorded pairs depend on the drawn parameters.
struct PairImportances {
  /// The share of the explained variance that each quantity accounts for.
  let mainEffects: [FunctionalANOVA.Effect]
  /// The same of pairs of the five that matter most, beyond what each does alone.
  let interactions: [FunctionalANOVA.Effect]
  /// The share of the variance within images that is explained, of images that were not learned from; 0 or less where
  /// nothing is.
  let explained: Double
  /// The share of images, other than those learned from, whose hardest pair is predicted to be it.
  let agreement: Double
  /// The same for a random guess.
  let chance: Double
  /// The number of these images.
  let tested: Int

  /// Rows that are learned from, at most.
  private static let rowLimit = 6000
  /// Images below which nothing is said.
  private static let least = 60

  /// Learns from every other image; nil where too few records have scores of pairs.
  init?(of records: [ViewsRecord], among space: CandidateSpace) {
    let pairs = space.globals
    guard pairs.count > 1, space.plan.slotCount == 2 else { return nil }
    let usable = records.filter {
      $0.scored == nil && $0.scores?.count == pairs.count && $0.views.count == space.viewCount
        && $0.scores!.allSatisfy(\.isFinite)
    }
    guard usable.count >= Self.least else { return nil }
    // Squares of other quantities are no quantities of their own to a tree.
    let quantities = PairGeometry.names.indices.filter { !PairGeometry.names[$0].hasSuffix("squared") }
    func rows(of record: ViewsRecord) -> [[Double]] {
      pairs.map { pair in
        let features = PairGeometry.features(record.views[pair[0]], record.views[pair[1]])
        return quantities.map { features[$0] }
      }
    }
    let step = max(2, usable.count * pairs.count / Self.rowLimit)
    let learned = stride(from: 0, to: usable.count, by: step).map { usable[$0] }
    var (values, target) = ([[Double]](repeating: [], count: quantities.count), [Double]())
    for record in learned {
      let mean = Double(record.scores!.reduce(0, +)) / Double(pairs.count)
      for (row, score) in zip(rows(of: record), record.scores!) {
        for (column, value) in row.enumerated() { values[column].append(value) }
        target.append(Double(score) - mean)
      }
    }
    let forest = RandomForest(
      QuantityTable(names: quantities.map { PairGeometry.names[$0] }, columns: values), target)
    let analysis = FunctionalANOVA(of: forest)
    mainEffects = analysis.mainEffects
    interactions = analysis.interactions(among: analysis.strongestColumns(5))

    let others = stride(from: 1, to: usable.count, by: step).map { usable[$0] }
    var (hits, residual, total) = (0, 0.0, 0.0)
    for record in others {
      let predicted = rows(of: record).map(forest.predict)
      let scores = record.scores!.map(Double.init)
      // What an image adds to all its pairs is no difference between them.
      let (mean, center) = (scores.reduce(0, +) / Double(pairs.count), predicted.reduce(0, +) / Double(pairs.count))
      if predicted.firstIndex(of: predicted.max()!) == scores.firstIndex(of: scores.max()!) { hits += 1 }
      for (score, prediction) in zip(scores, predicted) {
        residual += pow(score - mean - prediction + center, 2)
        total += (score - mean) * (score - mean)
      }
    }
    (tested, chance) = (others.count, 1 / Double(pairs.count))
    agreement = Double(hits) / Double(max(others.count, 1))
    explained = total > 0 ? 1 - residual / total : 0
  }
}
