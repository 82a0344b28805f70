/// A picture of measured runs over the time that they took: a mark for each, in the color of its series, and a line
/// between the two marks of each pair.
public struct PairsChart {
  /// One measured run.
  public struct Mark: Sendable {
    /// The number of its series.
    public var series: Int
    /// Where it stands from left to right.
    public var time: Double
    /// Its height.
    public var value: Double

    /// Places a mark.
    public init(series: Int, time: Double, value: Double) {
      (self.series, self.time, self.value) = (series, time, value)
    }
  }

  /// Runs that are drawn over the same axes.
  public struct Panel: Sendable {
    /// What it is of.
    public var title: String
    /// The runs.
    public var marks: [Mark]
    /// Positions of two marks for each line, which has the color of the second one.
    public var pairs: [(Int, Int)]

    /// A panel with a title.
    public init(title: String, marks: [Mark], pairs: [(Int, Int)]) {
      (self.title, self.marks, self.pairs) = (title, marks, pairs)
    }
  }

  private let panels: [Panel]
  private let series: [String]
  private let timeTitle: String
  private let valueTitle: String

  private let plot = (left: 60.0, top: 34.0, width: 560.0, height: 340.0)
  private let panelHeight = 440.0
  private let legendLeft = 650.0
  private let pale = Color(red: 0.88, green: 0.9, blue: 0.93)

  /// A chart of some panels, one below the other.
  ///
  /// - Parameters:
  ///   - panels: What is drawn; a picture has room for at most 70.
  ///   - series: The names of the series.
  ///   - timeTitle: What is shown from left to right.
  ///   - valueTitle: What is shown upwards.
  public init(_ panels: [Panel], series: [String], timeTitle: String, valueTitle: String) {
    self.panels = Array(panels.prefix(70))
    (self.series, self.timeTitle, self.valueTitle) = (series, timeTitle, valueTitle)
  }

  /// Draws it.
  public func draw() -> Canvas {
    let height = max(panelHeight * Double(max(panels.count, 1)), 60 + 22 * Double(series.count))
    let canvas = Canvas(width: 900, height: Int(height))
    for (number, panel) in panels.enumerated() { draw(panel, on: canvas, top: panelHeight * Double(number)) }
    for (number, name) in series.enumerated() {
      let line = plot.top + 12 + 22 * Double(number)
      canvas.fill(x: legendLeft, y: line - 10, width: 10, height: 10, color: .distinct(number))
      canvas.text(name, x: legendLeft + 18, baseline: line, size: 13)
    }
    return canvas
  }

  private func draw(_ panel: Panel, on canvas: Canvas, top: Double) {
    let times = ChartAxis(around: panel.marks.map(\.time), least: 1)
    let values = ChartAxis(around: panel.marks.map(\.value), least: 0.1)
    let (left, top) = (plot.left, top + plot.top)
    func x(_ time: Double) -> Double { left + times.place(of: time) * plot.width }
    func y(_ value: Double) -> Double { top + (1 - values.place(of: value)) * plot.height }

    canvas.text("\(panel.title): \(valueTitle)", x: left, baseline: top - 12, size: 14)
    for tick in times.ticks {
      canvas.fill(x: x(tick), y: top, width: 1, height: plot.height, color: pale)
      let label = times.text(tick)
      canvas.text(
        label, x: x(tick) - canvas.width(of: label, size: 12) / 2, baseline: top + plot.height + 18, size: 12,
        color: .gray)
    }
    for tick in values.ticks {
      canvas.fill(x: left, y: y(tick), width: plot.width, height: 1, color: pale)
      canvas.text(values.text(tick), x: 14, baseline: y(tick) + 4, size: 12, color: .gray)
    }
    canvas.text(timeTitle, x: left, baseline: top + plot.height + 42, size: 13)

    for (first, second) in panel.pairs {
      let (from, to) = (panel.marks[first], panel.marks[second])
      canvas.line(
        from: (x(from.time), y(from.value)), to: (x(to.time), y(to.value)), color: .distinct(to.series))
    }
    for mark in panel.marks where mark.time.isFinite && mark.value.isFinite {
      canvas.fill(x: x(mark.time) - 4, y: y(mark.value) - 4, width: 8, height: 8, color: .distinct(mark.series))
    }
  }
}
