import Foundation
import Pictures

/// The axes of a plot and the way from values to places in it.
struct PlotFrame {
  /// Width of the drawing in its own units.
  static let width = 360.0
  /// Its height.
  static let height = 200.0
  private static let (left, right, top, bottom) = (46.0, 8.0, 8.0, 30.0)

  private let horizontal: ChartAxis
  private let vertical: ChartAxis

  /// Axes around the values of a plot.
  init(x: [Double], y: [Double]) {
    func axis(_ values: [Double]) -> ChartAxis {
      ChartAxis(around: values, least: max(values.map(abs).max() ?? 0, 1e-6) * 0.02)
    }
    (horizontal, vertical) = (axis(x), axis(y))
  }

  /// The place of a value from the left.
  func x(_ value: Double) -> Double { Self.left + horizontal.place(of: value) * (Self.width - Self.left - Self.right) }

  /// The place of a value from the top.
  func y(_ value: Double) -> Double {
    Self.height - Self.bottom - vertical.place(of: value) * (Self.height - Self.top - Self.bottom)
  }

  /// The whole drawing: axes with their numbers, and what is drawn between them.
  ///
  /// - Parameters:
  ///   - label: What is read to those who do not see it.
  ///   - unit: What the horizontal axis counts.
  func drawing(label: String, unit: String, _ content: HTML) -> HTML {
    let end = Self.width - Self.right
    let lines = HTML(
      vertical.ticks.map { tick in
        """
        <line class="axis" x1="\(Self.left)" x2="\(end)" y1="\(y(tick).place)" y2="\(y(tick).place)"/>\
        <text x="\(Self.left - 5)" y="\((y(tick) + 4).place)" text-anchor="end">\(vertical.text(tick))</text>

        """
      })
    let numbers = HTML(
      horizontal.ticks.map { tick in
        "<text x=\"\(x(tick).place)\" y=\"\(Self.height - 14)\" text-anchor=\"middle\">\(horizontal.text(tick))</text>\n"
      })
    return """
      <svg viewBox="0 0 \(Self.width) \(Self.height)" role="img" aria-label="\(label)">
      \(lines)\(numbers)<text x="\(end)" y="\(Self.height - 2)" text-anchor="end">\(unit)</text>
      \(content)</svg>

      """
  }
}

extension Double {
  /// A coordinate, short.
  var place: String {
    let rounded = (self * 10).rounded() / 10
    return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
  }
}

/// A drawing with a title and, where it has several parts, their names in their colors.
struct Figure {
  /// The title.
  var title: String
  /// What it shows and how to read it; may be empty.
  var caption: String = ""
  /// The names of what is drawn, in order.
  var names: [String] = []
  /// The drawing.
  var drawing: HTML

  var html: HTML {
    let keys = HTML(
      names.enumerated().map { "<span class=\"key\" style=\"background: \(Self.color($0))\"></span>\($1)" })
    return """
      <figure>
      <h3>\(title)</h3>
      \(drawing)<figcaption>\(caption)\(names.count > 1 ? keys : HTML.empty)</figcaption>
      </figure>

      """
  }

  /// The color of a number, as a value of a style.
  static func color(_ number: Int) -> HTML { "var(--c\(number % 6))" }
}
