import Foundation
import HardViewPretraining
import ImageData
import Pictures
import RunRecords
import ViewRecords
import Views

/// The recorded images that were hardest and easiest in the second half of training.
struct ImagesSection {
  let run: RecordedRun
  /// The images, or why they cannot be shown.
  let images: Result<any ImageDataset, any Error>?

  private static let shown = 6

  var html: HTML {
    let standings = Self.standings(of: run.views.records)
    guard standings.count >= 2 * Self.shown, let dataset = try? images?.get() else {
      return .empty
    }
    let hardest = standings.suffix(Self.shown).reversed().map { figure($0, of: dataset) }
    let easiest = standings.prefix(Self.shown).map { figure($0, of: dataset) }
    return """
      <p>By the mean score of all their pairs of views in the second half of training, against the mean of all \
      \(standings.count) recorded images at the same time.</p>
      <h3>Hardest</h3>
      <div class="images"><div>
      \(HTML(hardest))</div></div>
      <h3>Easiest</h3>
      <div class="images"><div>
      \(HTML(easiest))</div></div>

      """
  }

  /// The images of records that were scored in the second half of training, easiest first.
  static func standings(of records: [ViewsRecord]) -> [ImageStanding] {
    ((try? ViewsDatabase.holding(records).ledger()) ?? []).filter { $0.standing != nil }
  }

  private func figure(_ standing: ImageStanding, of dataset: any ImageDataset) -> HTML {
    let name = GallerySection.shortName(standing.name)
    guard let image = try? dataset.image(named: standing.name, expectedAt: standing.image).visible else {
      return "<figure><figcaption>\(name) is no longer there</figcaption></figure>\n"
    }
    let always = standing.isAlwaysHard ? ", always above the mean" : ""
    return """
      <figure>\(GallerySection.picture(image, name))\
      <figcaption>\(String(format: "%+.3f", standing.standing ?? 0))\(always)<br>\(name)</figcaption></figure>

      """
  }
}
