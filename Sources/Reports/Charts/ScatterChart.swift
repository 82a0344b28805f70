import Foundation

/// Places in a plane, colored by class where there are classes.
struct ScatterChart {
  /// The title.
  var title: String
  /// How to read it.
  var caption: String
  /// The places, in any units; those that are not finite are left out.
  var points: [(x: Double, y: Double)]
  /// The class of each point; nil where there are none.
  var classes: [Int]?
  /// The names of the classes.
  var names: [String] = []

  private static let (width, height, margin) = (360.0, 300.0, 8.0)
  /// Classes whose names are written under the figure, at most.
  private static let namedClasses = 20

  /// The figure; nil where there is nothing to draw.
  var html: HTML? {
    let finite = points.filter { $0.x.isFinite && $0.y.isFinite }
    guard let left = finite.map(\.x).min(), let right = finite.map(\.x).max(), let top = finite.map(\.y).max(),
      let bottom = finite.map(\.y).min()
    else { return nil }
    let scale = min(
      (Self.width - 2 * Self.margin) / max(right - left, 1e-12),
      (Self.height - 2 * Self.margin) / max(top - bottom, 1e-12))
    let (middleX, middleY) = ((left + right) / 2, (top + bottom) / 2)
    let classCount = max((classes?.max() ?? 0) + 1, names.count)
    let circles = HTML(
      points.enumerated().map { place, point -> HTML in
        guard point.x.isFinite, point.y.isFinite else { return .empty }
        let color = classes.map { Self.color($0[place], of: classCount) } ?? "var(--c0)"
        return """
          <circle cx="\((Self.width / 2 + (point.x - middleX) * scale).place)" \
          cy="\((Self.height / 2 - (point.y - middleY) * scale).place)" r="2.5" style="fill: \(color); opacity: .8"/>

          """
      })
    let keys = HTML(
      classes == nil || names.count > Self.namedClasses
        ? []
        : names.enumerated().map { number, name in
          "<span class=\"key\" style=\"background: \(Self.color(number, of: classCount))\"></span>\(name)"
        })
    return Figure(
      title: title, caption: caption,
      drawing: """
        <svg viewBox="0 0 \(Self.width) \(Self.height)" role="img" aria-label="\(title)">
        \(circles)</svg>
        <p class="keys">\(keys)</p>

        """
    ).html
  }

  /// The colors of figures where they suffice, else hues around the circle.
  private static func color(_ number: Int, of count: Int) -> HTML {
    count <= 6 ? Figure.color(number) : "hsl(\(number * 360 / count) 65% \(number.isMultiple(of: 2) ? 45 : 60)%)"
  }
}
