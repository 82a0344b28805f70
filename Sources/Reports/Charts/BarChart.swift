import Foundation

/// Named quantities as bars, one below the other.
struct BarChart {
  /// One bar.
  struct Bar {
    /// What it stands for.
    var name: String
    /// How long it is; not negative.
    var value: Double
    /// The value in words.
    var text: String
    /// The color, by number.
    var color = 0
  }

  /// The title.
  var title: String
  /// How to read it; may be empty.
  var caption = ""
  /// The bars, first on top.
  var bars: [Bar]
  /// What the colors stand for, where they stand for something.
  var names: [String] = []

  private static let (width, row) = (640.0, 20.0)

  /// The figure; nil where there is nothing to draw.
  var html: HTML? {
    let longest = bars.map(\.value).filter(\.isFinite).max() ?? 0
    guard longest > 0 else { return nil }
    // Letters are about so wide.
    let left = min(360, Double(bars.map(\.name.count).max()!) * 6.2 + 12)
    let room = Self.width - left - 130
    let lines = HTML(
      bars.enumerated().map { place, bar in
        let (y, length) = (Double(place) * Self.row, max(0, bar.value) / longest * room)
        return """
          <text x="\(left - 6)" y="\((y + 14).place)" text-anchor="end">\(bar.name)</text>\
          <rect x="\(left)" y="\((y + 3).place)" width="\(max(1, length).place)" height="14" \
          style="fill: \(Figure.color(bar.color))"/>\
          <text x="\((left + length + 6).place)" y="\((y + 14).place)">\(bar.text)</text>

          """
      })
    let height = Double(bars.count) * Self.row + 4
    return Figure(
      title: title, caption: caption, names: names,
      drawing: """
        <svg viewBox="0 0 \(Self.width) \(height.place)" role="img" aria-label="\(title)">
        \(lines)</svg>

        """
    ).html
  }
}
