import Foundation

/// The losses of every pair of views of an image as shades, the chosen one framed.
struct HeatMap {
  /// How many views.
  var views: Int
  /// The value of each pair of different views, the smaller number first; absent pairs stay empty.
  var values: [[Int]: Double]
  /// The pair that was trained on.
  var chosen: Set<Int>

  var html: HTML {
    let cell = 96.0 / Double(views)
    let (low, high) = (values.values.min() ?? 0, values.values.max() ?? 1)
    let cells = HTML(
      values.sorted { $0.key.lexicographicallyPrecedes($1.key) }.flatMap { pair, value -> [HTML] in
        let share = high > low ? (value - low) / (high - low) : 0.5
        let isChosen = Set(pair) == chosen
        return [(pair[0], pair[1]), (pair[1], pair[0])].map { row, column in
          """
          <rect x="\((Double(column) * cell + 1).place)" y="\((Double(row) * cell + 1).place)" \
          width="\((cell - 2).place)" height="\((cell - 2).place)" style="fill: var(--c1); \
          fill-opacity: \(String(format: "%.2f", 0.08 + 0.85 * share)); stroke: \(isChosen ? "var(--text)" : "none" as HTML); \
          stroke-width: 2"><title>views \(pair[0] + 1) and \(pair[1] + 1): \(String(format: "%.3f", value))</title></rect>

          """
        }
      })
    return """
      <svg viewBox="0 0 96 96" role="img" aria-label="losses of every pair of views">
      <rect width="96" height="96" style="fill: var(--panel)"/>
      \(cells)</svg>

      """
  }
}
