import Foundation
import HardViewPretraining
import HardViewSelection
import ImageData
import Objectives
import Pictures
import RunRecords
import ViewRecords
import Views

/// Some images with the views that were drawn of them and those that were chosen, at the beginning, in the middle and at
/// the end: rendered again from the recorded parameters.
struct GallerySection {
  let run: RecordedRun
  /// The images, or why they cannot be shown.
  let images: Result<any ImageDataset, any Error>?

  private static let imageCount = 5
  private static let times: [(name: String, share: Double)] = [("early", 0), ("in the middle", 0.5), ("at the end", 1)]
  /// Views of an image that are shown, at most.
  private static let views = 12

  var html: HTML {
    guard let configuration = run.configuration, let images, run.views.lineCount > 0 else { return .empty }
    let moments = Self.times.map { records(at: $0.share) }
    let shared = moments.dropFirst().reduce(Set(moments[0].map(\.image))) { $0.intersection($1.map(\.image)) }
    let numbers = shared.sorted().prefix(Self.imageCount)
    guard !numbers.isEmpty else { return .empty }
    let dataset: any ImageDataset
    let drawn: [DrawnViews]
    do {
      (dataset, drawn) = (try images.get(), try configuration.drawnViews())
    } catch {
      return "<p class=\"warn\">The images cannot be shown: \("\(error)")</p>\n"
    }
    let space = run.space
    let masks = space?.masks ?? 1
    let recipes = drawn.flatMap { group in Array(repeating: group.recipe, count: group.count * masks) }
    var body: HTML = """
      <p>The crops are drawn into the image, the chosen ones in the color of their frames. The small table shades the \
      scores of all pairs of views, dark where they are high.</p>

      """
    for number in numbers {
      let parts = zip(Self.times, moments).map { time, records -> HTML in
        let own = records.filter { $0.image == number }
        return strip(own[Int(time.share * Double(own.count - 1))], time.name, of: dataset, recipes, space)
      }
      let name = Self.shortName(moments[0].first { $0.image == number }!.name)
      body += "<h3>\(name)</h3>\n<div class=\"images\">\n\(HTML(parts))</div>\n"
    }
    return body
  }

  /// The records of about two epochs at a share of training, with choices.
  private func records(at share: Double) -> [ViewsRecord] {
    let width = min(1, 400 / Double(run.views.lineCount))
    let start = share * (1 - width)
    return run.choices(in: start...start + width, limit: 400).filter {
      $0.selected.allSatisfy($0.views.indices.contains)
    }
  }

  /// An image and its views at a time.
  private func strip(
    _ record: ViewsRecord, _ time: String, of dataset: any ImageDataset, _ recipes: [ViewRecipe],
    _ space: CandidateSpace?
  ) -> HTML {
    guard record.views.count <= recipes.count else { return .empty }
    let image: Image
    do {
      image = try dataset.image(named: record.name, expectedAt: record.image).visible
    } catch {
      return "<div><p class=\"warn\">Left out: \("\(error)")</p></div>\n"
    }
    var scratch = RenderScratch()
    let chosen = Set(record.selected)
    let views = record.views.prefix(Self.views).enumerated().map { number, parameters -> HTML in
      let renderer = ViewRenderer(recipe: recipes[number], channels: 3, format: .uint8)
      let view = renderer.image(of: image, parameters, &scratch)
      return """
        <figure\(chosen.contains(number) ? " class=\"chosen\"" : HTML.empty)>\(Self.picture(view, "view \(number + 1)"))</figure>

        """
    }
    return """
      <div>
      <figure>\(crops(of: record, in: image))<figcaption>epoch \(record.epoch + 1), \(time)</figcaption></figure>
      \(HTML(views))\(heatMap(of: record, in: space))</div>

      """
  }

  /// The image with the crops as rectangles, chosen ones last.
  private func crops(of record: ViewsRecord, in image: Image) -> HTML {
    let side = Double(max(image.width, image.height))
    let boxes = [false, true].flatMap { isChosen in
      record.views.indices.filter { record.selected.contains($0) == isChosen }.map { number -> HTML in
        let crop = record.views[number].crop
        return """
          <rect x="\(crop.left)" y="\(crop.top)" width="\(crop.width)" height="\(crop.height)" style="fill: none; \
          stroke: \(isChosen ? "var(--c1)" : "#fff" as HTML); stroke-width: \((side / (isChosen ? 50 : 90)).place)"/>

          """
      }
    }
    return """
      <svg viewBox="0 0 \(image.width) \(image.height)" role="img" aria-label="\(record.name) with its crops">
      <image href="\(Self.address(of: image))" width="\(image.width)" height="\(image.height)"/>
      \(HTML(boxes))</svg>
      """
  }

  /// The scores of pairs; nothing where choices have other parts, too.
  private func heatMap(of record: ViewsRecord, in space: CandidateSpace?) -> HTML {
    guard let space, let scores = record.scores, space.plan.slotCount == 2, record.scored == nil,
      scores.count == space.globals.count
    else { return .empty }
    let values = Dictionary(uniqueKeysWithValues: zip(space.globals, scores.map(Double.init)))
    let map = HeatMap(views: space.viewCount, values: values, chosen: Set(record.selected))
    return "<figure>\(map.html)</figure>\n"
  }

  /// The last two parts of a name.
  static func shortName(_ name: String) -> String { name.split(separator: "/").suffix(2).joined(separator: "/") }

  /// A small picture.
  static func picture(_ image: Image, _ text: String) -> HTML {
    "<img src=\"\(address(of: image))\" alt=\"\(text)\">"
  }

  /// An image within the page, no larger than it is shown.
  private static func address(of image: Image) -> String {
    let scale = min(1, 160 / Double(max(image.width, image.height)))
    let (width, height) = (max(1, Double(image.width) * scale), max(1, Double(image.height) * scale))
    let canvas = Canvas(width: Int(width), height: Int(height))
    canvas.draw(image, x: 0, y: 0, width: width, height: height)
    return "data:image/png;base64," + Data(canvas.png()).base64EncodedString()
  }
}
