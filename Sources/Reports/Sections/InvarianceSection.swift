import Foundation
import PixelEvaluation
import RunEvaluation
import Statistics

/// How far embeddings move under augmentations, as `hardviews evaluate invariance` found.
struct InvarianceSection {
  let runs: [RecordedRun]

  var html: HTML {
    let measured = runs.filter { $0.invariance != nil }
    guard let first = measured.first?.invariance else { return .empty }
    let bars = first.displacements.flatMap { displacement in
      measured.enumerated().compactMap { number, run -> BarChart.Bar? in
        let alteration = displacement.alteration
        guard let own = run.invariance?.displacements.first(where: { $0.alteration == alteration }) else { return nil }
        let strength = alteration.kind.strengths.count > 1 ? " \(alteration.strength)" : ""
        return BarChart.Bar(
          name: number == 0 ? "\(alteration.kind.rawValue)\(strength)" : "", value: own.mean,
          text: String(format: "%.2f (%.2f to %.2f)", own.mean, own.interval.lower, own.interval.upper), color: number)
      }
    }
    let chart = BarChart(
      title: "Displacement of the embedding",
      caption: "As a share of the distance between different images: 0 where the encoder does not see the change.",
      bars: bars, names: measured.map(\.name))
    return chart.html ?? .empty
  }
}
