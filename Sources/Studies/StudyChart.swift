import AtomicFiles
import Foundation
import Pictures
import RunRecords

extension StudyReport {
  /// Accuracy by the main measure against training seconds: a mark for each run, a line for each pair.
  ///
  /// Without untrained encoders, which took no time and are far below.
  var chart: PairsChart? {
    guard let measure = measures.first else { return nil }
    let trained = runs.filter { $0.epochs > 0 && $0.value(measure) != nil }
    var series: [String] = []
    for arm in arms where arm.epochs > 0 && !series.contains(arm.arm) { series.append(arm.arm) }
    let panels = conditions.map { condition in
      let shown = trained.filter { $0.condition == condition }
      let marks = shown.map { run in
        PairsChart.Mark(
          series: series.firstIndex(of: run.arm) ?? 0, time: run.trainingSeconds, value: run.value(measure)! * 100)
      }
      let pairs = comparisons.filter { $0.condition == condition && $0.measure == measure && !$0.isAtEqualTime }
        .flatMap { comparison in
          comparison.pairs.compactMap { pair -> (Int, Int)? in
            guard let base = shown.firstIndex(where: { $0.arm == comparison.base && $0.seed == pair.seed }),
              let arm = shown.firstIndex(where: { $0.arm == comparison.arm && $0.seed == pair.seed })
            else { return nil }
            return (base, arm)
          }
        }
      return PairsChart.Panel(title: condition.name, marks: marks, pairs: pairs)
    }
    return PairsChart(
      panels, series: series, timeTitle: "seconds of training; a line joins the runs of a pair",
      valueTitle: "\(measure) in %")
  }

  /// Writes the report in all its forms.
  func write(to folder: StudyFolder) throws {
    try writeJSON(self, to: folder.jsonPath)
    let picture = (folder.picturePath as NSString).lastPathComponent
    try writeText(markdown(picture: picture), to: folder.markdownPath)
    if let chart { try AtomicFile.write(Data(chart.draw().png()), to: folder.picturePath) }
  }
}
