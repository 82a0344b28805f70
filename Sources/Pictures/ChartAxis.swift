/// The range of an axis with round numbers on it.
package struct ChartAxis {
  /// The lower end.
  package let low: Double
  /// The upper end.
  package let high: Double

  /// A range with some room around values; those that are NaN or infinite do not count.
  ///
  /// - Parameters:
  ///   - values: What is to be shown.
  ///   - least: The room is made for a range of at least this length.
  package init(around values: [Double], least: Double) {
    let finite = values.filter(\.isFinite)
    let (low, high) = (finite.min() ?? 0, finite.max() ?? 1)
    let room = max(high - low, least) * 0.05
    (self.low, self.high) = (low - room, high + room)
  }

  /// Where a value is, from 0 at the lower end to 1 at the upper one.
  package func place(of value: Double) -> Double { (value - low) / (high - low) }

  /// Round numbers within the range, about five to ten of them.
  package var ticks: [Double] {
    let span = high - low
    var scale = 1.0
    while span / scale > 10 { scale *= 10 }
    while span / scale <= 1 { scale /= 10 }
    let step = [0.1, 0.2, 0.5, 1].map { $0 * scale }.first { span / $0 <= 10 } ?? scale
    return Array(stride(from: (low / step).rounded(.up) * step, through: high, by: step))
  }

  /// A tick as text.
  package func text(_ tick: Double) -> String {
    let rounded = (tick * 1000).rounded() / 1000 + 0
    return rounded == rounded.rounded() && abs(rounded) < 1e12 ? "\(Int(rounded))" : "\(rounded)"
  }
}
