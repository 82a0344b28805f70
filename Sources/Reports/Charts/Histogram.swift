/// How often values occur, for one or more sets of them in the same bins.
struct Histogram {
  /// The title.
  var title: String
  /// How to read it; may be empty.
  var caption = ""
  /// What the values are.
  var unit: String
  /// The sets, with their names.
  var sets: [(name: String, values: [Double])]

  private static let bins = 30

  /// The figure; nil where there are too few values to draw.
  var html: HTML? {
    let finite = sets.map { (name: $0.name, values: $0.values.filter(\.isFinite)) }
    let all = finite.flatMap(\.values)
    guard all.count > 1, let low = all.min(), let high = all.max(), high > low else { return nil }
    let width = (high - low) / Double(Self.bins)
    let shares = finite.map { set in
      var counts = [Double](repeating: 0, count: Self.bins)
      for value in set.values { counts[min(Self.bins - 1, Int((value - low) / width))] += 1 / Double(set.values.count) }
      return counts
    }
    let frame = PlotFrame(x: [low, high], y: [0] + shares.flatMap { $0 })
    let curves = HTML(
      shares.enumerated().map { number, counts in
        let corners = counts.enumerated().flatMap { bin, share in
          [(low + Double(bin) * width, share), (low + Double(bin + 1) * width, share)]
        }
        let outline = [(low, 0)] + corners + [(high, 0)]
        let places = outline.map { "\(frame.x($0.0).place),\(frame.y($0.1).place)" }.joined(separator: " ")
        return """
          <polygon points="\(places)" style="fill: \(Figure.color(number)); fill-opacity: .18; \
          stroke: \(Figure.color(number)); stroke-width: 1.3"/>

          """
      })
    return Figure(
      title: title, caption: caption, names: sets.map(\.name),
      drawing: frame.drawing(label: title, unit: unit, curves)
    ).html
  }
}
