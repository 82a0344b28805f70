/// A picture of what several ways cost and what they achieve: a numbered mark for each, over its cost, at the height of
/// two achievements that belong together.
public struct TradeOffChart {
  /// One way.
  public struct Mark: Sendable {
    /// Its name in the legend.
    public var name: String
    /// Where it stands from left to right.
    public var cost: Double
    /// The height of its pale mark.
    public var total: Double
    /// The height of its full mark, which the number stands beside.
    public var part: Double

    /// Names a way and places it.
    public init(name: String, cost: Double, total: Double, part: Double) {
      (self.name, self.cost, self.total, self.part) = (name, cost, total, part)
    }
  }

  private let marks: [Mark]
  private let costTitle: String
  private let totalTitle: String
  private let partTitle: String

  private let plot = (left: 60.0, top: 40.0, width: 560.0, height: 420.0)
  private let legendLeft = 650.0
  private let pale = Color(red: 0.75, green: 0.8, blue: 0.85)

  /// A chart of some ways.
  public init(_ marks: [Mark], costTitle: String, totalTitle: String, partTitle: String) {
    (self.marks, self.costTitle, self.totalTitle, self.partTitle) = (marks, costTitle, totalTitle, partTitle)
  }

  /// Draws it.
  public func draw() -> Canvas {
    let canvas = Canvas(width: 1060, height: max(520, 90 + 22 * marks.count))
    let costs = ChartAxis(around: marks.map(\.cost) + [1], least: 0.1)
    let heights = ChartAxis(around: marks.flatMap { [$0.total, $0.part] } + [0, 1], least: 0.1)
    func x(_ cost: Double) -> Double { plot.left + costs.place(of: cost) * plot.width }
    func y(_ height: Double) -> Double { plot.top + (1 - heights.place(of: height)) * plot.height }

    for tick in costs.ticks {
      canvas.fill(x: x(tick), y: plot.top, width: 1, height: plot.height, color: pale)
      let label = costs.text(tick)
      canvas.text(
        label, x: x(tick) - canvas.width(of: label, size: 12) / 2, baseline: plot.top + plot.height + 18, size: 12,
        color: .gray)
    }
    for tick in heights.ticks {
      canvas.fill(x: plot.left, y: y(tick), width: plot.width, height: 1, color: pale)
      canvas.text(heights.text(tick), x: 18, baseline: y(tick) + 4, size: 12, color: .gray)
    }
    canvas.text(costTitle, x: plot.left, baseline: plot.top + plot.height + 42, size: 13)
    canvas.fill(x: plot.left, y: 14, width: 10, height: 10, color: .distinct(0))
    canvas.text(partTitle, x: plot.left + 16, baseline: 24, size: 13)
    canvas.stroke(x: plot.left + 280, y: 14, width: 10, height: 10, color: .distinct(0))
    canvas.text(totalTitle, x: plot.left + 296, baseline: 24, size: 13)

    for (number, mark) in marks.enumerated() {
      let (center, top, bottom) = (x(mark.cost), y(mark.total), y(mark.part))
      if center.isFinite, top.isFinite, bottom.isFinite {
        canvas.fill(x: center - 0.5, y: min(top, bottom), width: 1, height: abs(top - bottom), color: .distinct(number))
        canvas.stroke(x: center - 4, y: top - 4, width: 8, height: 8, color: .distinct(number))
        canvas.fill(x: center - 5, y: bottom - 5, width: 10, height: 10, color: .distinct(number))
        canvas.text("\(number + 1)", x: center + 8, baseline: bottom + 5, size: 12)
      }
      let line = plot.top + 12 + 22 * Double(number)
      canvas.fill(x: legendLeft, y: line - 10, width: 10, height: 10, color: .distinct(number))
      canvas.text("\(number + 1)  \(mark.name)", x: legendLeft + 18, baseline: line, size: 13)
    }
    return canvas
  }
}
