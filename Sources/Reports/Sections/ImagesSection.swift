import Foundation
import HardViewPretraining
import ImageData
import Pictures
import RunRecords
import Views

/// The recorded images that were hardest and easiest in the second half of training.
struct ImagesSection {
  let run: RecordedRun
  /// The images, or why they cannot be shown.
  let images: Result<any ImageDataset, any Error>?

  private static let shown = 6

  var html: HTML {
    let standings = ImageStandings(of: run.views.records).images
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

  private func figure(_ standing: ImageStandings.Standing, of dataset: any ImageDataset) -> HTML {
    let name = GallerySection.shortName(standing.name)
    guard let image = try? dataset.image(named: standing.name, expectedAt: standing.image).visible else {
      return "<figure><figcaption>\(name) is no longer there</figcaption></figure>\n"
    }
    let always = standing.isAlwaysHard ? ", always above the mean" : ""
    return """
      <figure>\(GallerySection.picture(image, name))\
      <figcaption>\(String(format: "%+.3f", standing.value))\(always)<br>\(name)</figcaption></figure>

      """
  }
}

/// How hard each recorded image is compared with the others.
struct ImageStandings {
  /// One image's standing.
  struct Standing {
    var image: Int
    var name: String
    /// The mean score of its pairs less that of all images in the same epoch, over the second half of training.
    var value: Double
    /// Whether it was above the mean whenever it was recorded in all of training.
    var isAlwaysHard: Bool
  }

  /// The images, easiest first; those that were not recorded in the second half are left out.
  let images: [Standing]

  init(of records: [ViewsRecord]) {
    let scored = records.compactMap { record -> (record: ViewsRecord, score: Double)? in
      guard let scores = record.scores, !scores.isEmpty, scores.allSatisfy(\.isFinite) else { return nil }
      return (record, Double(scores.reduce(0, +)) / Double(scores.count))
    }
    let means = Dictionary(grouping: scored, by: \.record.epoch).mapValues { part in
      part.reduce(0) { $0 + $1.score } / Double(part.count)
    }
    let half = ((means.keys.min() ?? 0) + (means.keys.max() ?? 0) + 1) / 2
    images = Dictionary(grouping: scored, by: \.record.image).values.compactMap { own -> Standing? in
      let standings = own.map { (epoch: $0.record.epoch, value: $0.score - means[$0.record.epoch]!) }
      let late = standings.filter { $0.epoch >= half }
      guard !late.isEmpty else { return nil }
      return Standing(
        image: own[0].record.image, name: own[0].record.name,
        value: late.reduce(0) { $0 + $1.value } / Double(late.count),
        isAlwaysHard: standings.allSatisfy { $0.value > 0 })
    }.sorted { ($0.value, $0.image) < ($1.value, $1.image) }
  }
}
