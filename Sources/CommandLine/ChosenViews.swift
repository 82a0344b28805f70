import Foundation
import HardViewPretraining
import ImageData
import Pictures
import Reports
import RunConfiguration
import RunRecords
import ViewRecords
import Views

/// The latest choices that a run recorded, as a picture.
struct ChosenViews {
  /// The path of the run.
  var run: String
  /// Images that are shown, at most.
  var limit: Int

  /// Draws the sheet.
  /// - Throws: Errors of the run and its images; `RecordError` where nothing was recorded.
  func sheet() throws -> ChosenViewsSheet {
    let directory = try RunDirectory.open(at: run)
    let configuration = try Pretraining.configuration(of: directory, components: HardViewsProgram.components)
    let records = try RecordedViews(of: directory).lastEpoch()
    let recipes = try configuration.drawnRecipes()
    let dataset = try configuration.open(split: .train)
    let rows = try records.filter { $0.views.count == recipes.count }.prefix(limit).map { record in
      ChosenViewsSheet.Row(
        caption: caption(of: record), image: try dataset.image(named: record.name, expectedAt: record.image),
        recipes: recipes, parameters: record.views, chosen: Set(record.selected))
    }
    return ChosenViewsSheet(epoch: records[0].epoch, rows: Array(rows))
  }

  private func caption(of record: ViewsRecord) -> String {
    let name = record.name.split(separator: "/").last.map(String.init) ?? record.name
    let crops = record.selected.map { record.views[$0].crop }
    var parts = [name]
    if crops.count == 2 {
      parts.append(String(format: "IoU %.2f", crops[0].intersectionOverUnion(with: crops[1])))
    }
    if let scores = record.scores, let hardest = scores.max() {
      let mean = scores.reduce(0, +) / Float(scores.count)
      parts.append(String(format: "loss of the hardest choice %.2f, of a random one %.2f", hardest, mean))
    }
    return parts.joined(separator: ", ")
  }
}
