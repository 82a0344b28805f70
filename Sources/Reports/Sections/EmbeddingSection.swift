import Encoders
import Foundation
import HardViewPretraining
import ImageData
import RepresentationEvaluation
import Views

/// What the encoder makes of some images: a map, nearest neighbors, what is most alike and most unlike, attention.
struct EmbeddingSection {
  let run: RecordedRun
  /// The images, or why they cannot be shown.
  let images: Result<any ImageDataset, any Error>?
  /// How many images are embedded, at most; 0 leaves the section out.
  let limit: Int
  /// What configurations may name.
  let components: Components

  var html: HTML {
    guard limit > 0, let dataset = try? images?.get() else { return .empty }
    do {
      guard let embedded = try EmbeddedImages(of: run, dataset, limit: limit, components: components) else {
        return .empty
      }
      return html(of: embedded)
    } catch {
      return "<p class=\"warn\">The images cannot be embedded: \("\(error)")</p>\n"
    }
  }

  private func html(of embedded: EmbeddedImages) -> HTML {
    let labels = embedded.embeddings.labels
    let names = labels.map { labels in
      embedded.sample.classNames ?? (0...(labels.max() ?? 0)).map { "class \($0)" }
    }
    let shares = embedded.shares.map { "\(Int((100 * $0).rounded())) %" }.joined(separator: " and ")
    let maps = [
      ScatterChart(
        title: "Neighbors",
        caption:
          "\(embedded.embeddings.count) images; those that are near one another are alike to the encoder (t-SNE). "
          + "How far groups lie apart, and how large they are, means little.",
        points: embedded.map, classes: labels, names: names ?? []),
      ScatterChart(
        title: "Principal components", caption: "The directions with most variance, \(shares) of all.",
        points: embedded.components, classes: labels, names: names ?? []),
    ]
    var body: HTML = "<div class=\"grid\">\n\(HTML(maps.compactMap(\.html)))</div>\n"
    body += "<h3>Nearest neighbors</h3>\n"
    body += HTML(
      embedded.neighborhoods.map { neighborhood in
        row(
          [figure(neighborhood.image, "", of: embedded)]
            + neighborhood.neighbors.map { figure($0.image, decimal($0.similarity), of: embedded) })
      })
    body += """
      <h3>Most alike</h3>
      <p>Pairs of different images with the highest cosine; 1.000 are copies, or look like copies to the encoder.</p>

      """
    body += HTML(
      embedded.pairs.map { pair in
        row([figure(pair.first, "", of: embedded), figure(pair.second, decimal(pair.similarity), of: embedded)])
      })
    body += """
      <h3>Least alike</h3>
      <p>Images with the lowest mean cosine to their five nearest ones.</p>
      \(row(embedded.outliers.map { figure($0.image, decimal($0.similarity), of: embedded) }))
      """
    guard !embedded.attention.isEmpty else { return body }
    body += """
      <h3>Attention of the class token</h3>
      <p>In the last block, head by head: bright patches are attended to most.</p>

      """
    body += HTML(
      embedded.attention.map { attention in
        row(
          [figure(attention.image, "", of: embedded)]
            + attention.heads.prefix(8).enumerated().map { number, weights in
              "<figure>\(GallerySection.picture(Self.picture(of: weights), "head \(number + 1)"))</figure>\n"
            })
      })
    return body
  }

  private func row(_ figures: [HTML]) -> HTML { "<div class=\"images\"><div>\n\(HTML(figures))</div></div>\n" }

  private func figure(_ number: Int, _ text: String, of embedded: EmbeddedImages) -> HTML {
    let name = GallerySection.shortName(embedded.embeddings.names[number])
    guard let image = try? embedded.sample.image(at: embedded.embeddings.indices[number]).visible else {
      return "<figure><figcaption>\(name) is no longer there</figcaption></figure>\n"
    }
    return """
      <figure>\(GallerySection.picture(image, name))<figcaption>\(text.isEmpty ? name : text)</figcaption></figure>

      """
  }

  private func decimal(_ value: Double) -> String { String(format: "%.3f", value) }

  /// Weights as gray values, the largest white, each a square of pixels.
  static func picture(of weights: [[Double]]) -> Image {
    let (rows, columns) = (weights.count, weights.first?.count ?? 1)
    let side = max(1, 112 / max(rows, columns))
    let largest = max(weights.joined().max() ?? 0, 1e-30)
    let pixels = (0..<rows * side).flatMap { y in
      (0..<columns * side).map { x in UInt8((255 * weights[y / side][x / side] / largest).rounded()) }
    }
    return Image(width: columns * side, height: rows * side, channels: 1, pixels: pixels)
  }
}
