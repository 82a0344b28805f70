/// Curves over steps or epochs.
struct LineChart {
  /// One curve.
  struct Series {
    /// What it shows.
    var name: String
    /// The values, in order; those that are not finite leave gaps.
    var points: [(x: Double, y: Double)]
  }

  /// The title.
  var title: String
  /// How to read it; may be empty.
  var caption = ""
  /// What the horizontal axis counts.
  var unit = "epoch"
  /// The curves.
  var series: [Series]
  /// Horizontal lines to compare with, such as published values.
  var marks: [(name: String, value: Double)] = []

  /// Points of a curve that are drawn, at most.
  private static let resolution = 400

  /// The figure; nil where there is nothing to draw.
  var html: HTML? {
    let curves = series.map { Series(name: $0.name, points: Self.thinned($0.points)) }
    let finite = curves.flatMap(\.points).filter { $0.x.isFinite && $0.y.isFinite }
    guard !finite.isEmpty else { return nil }
    let frame = PlotFrame(x: finite.map(\.x), y: finite.map(\.y) + marks.map(\.value))
    let lines = HTML(curves.enumerated().map { Self.drawing($1.points, number: $0, in: frame) })
    let (low, high) = (finite.map(\.x).min()!, finite.map(\.x).max()!)
    let comparisons = HTML(
      marks.map { mark in
        """
        <line class="mark" stroke="var(--quiet)" x1="\(frame.x(low).place)" x2="\(frame.x(high).place)" \
        y1="\(frame.y(mark.value).place)" y2="\(frame.y(mark.value).place)"/>\
        <text x="\(frame.x(high).place)" y="\((frame.y(mark.value) - 3).place)" text-anchor="end">\(mark.name)</text>

        """
      })
    return Figure(
      title: title, caption: caption, names: series.map(\.name),
      drawing: frame.drawing(label: title, unit: unit, comparisons + lines)
    ).html
  }

  private static func drawing(_ points: [(x: Double, y: Double)], number: Int, in frame: PlotFrame) -> HTML {
    let pieces = points.split { !$0.y.isFinite || !$0.x.isFinite }
    return HTML(
      pieces.map { piece -> HTML in
        let places = piece.map { "\(frame.x($0.x).place),\(frame.y($0.y).place)" }
        guard places.count > 1 else {
          let point = piece.first!
          return """
            <circle cx="\(frame.x(point.x).place)" cy="\(frame.y(point.y).place)" r="2.5" \
            style="fill: \(Figure.color(number))"/>

            """
        }
        return """
          <polyline class="curve" style="stroke: \(Figure.color(number))" points="\(places.joined(separator: " "))"/>

          """
      })
  }

  /// Means of neighbors, so that a long run draws no more than a short one.
  private static func thinned(_ points: [(x: Double, y: Double)]) -> [(x: Double, y: Double)] {
    guard points.count > resolution else { return points }
    return (0..<resolution).map { place in
      let part = points[points.count * place / resolution..<points.count * (place + 1) / resolution]
      let finite = part.filter(\.y.isFinite)
      guard !finite.isEmpty else { return (part.first!.x, .nan) }
      let count = Double(finite.count)
      return (finite.reduce(0) { $0 + $1.x } / count, finite.reduce(0) { $0 + $1.y } / count)
    }
  }
}
