import Views

/// A picture of an image and of views of it: the crops as boxes on the image, and every view with what was drawn.
public struct ContactSheet {
  /// A view to be shown.
  public struct Tile {
    /// Its name, such as `global 1`.
    public var name: String
    /// The drawn parameters.
    public var parameters: ViewParameters
    /// The view.
    public var image: Image

    /// A view and what was drawn for it.
    public init(name: String, parameters: ViewParameters, image: Image) {
      self.name = name
      self.parameters = parameters
      self.image = image
    }
  }

  /// The line above everything.
  public var title: String
  /// The image that views were made of.
  public var image: Image
  /// Its views.
  public var tiles: [Tile]

  private static let margin = 16.0
  private static let tileSide = 168.0
  private static let textSize = 11.0
  private static let lineHeight = 14.0

  /// A sheet of an image and its views.
  public init(title: String, image: Image, tiles: [Tile]) {
    self.title = title
    self.image = image
    self.tiles = tiles
  }

  /// Draws the sheet.
  public func drawn() -> Canvas {
    let scale = min(480 / Double(image.width), 640 / Double(image.height))
    let (shownWidth, shownHeight) = (Double(image.width) * scale, Double(image.height) * scale)
    let captionLines = tiles.map(\.parameters.captionLines.count).max() ?? 0
    let cellHeight = Self.tileSide + Self.lineHeight * Double(captionLines + 1) + Self.margin
    let columns = min(max(4, Int(Double(tiles.count).squareRoot().rounded(.up))), max(1, tiles.count))
    let columnWidth = widestCaption + Self.margin
    let rows = (tiles.count + columns - 1) / columns
    let gridLeft = 2 * Self.margin + shownWidth
    let top = Self.margin * 2.5
    let width = gridLeft + Double(columns) * columnWidth
    let height = top + max(shownHeight + Self.margin, Double(rows) * cellHeight)
    let canvas = Canvas(width: Int(width.rounded(.up)), height: Int(height.rounded(.up)))

    canvas.text(title, x: Self.margin, baseline: Self.margin * 1.5, size: 14)
    canvas.draw(image, x: Self.margin, y: top, width: shownWidth, height: shownHeight)
    for (number, tile) in tiles.enumerated() {
      let box = tile.parameters.crop
      let (left, upper) = (Self.margin + Double(box.left) * scale, top + Double(box.top) * scale)
      let color = Color.distinct(number)
      canvas.stroke(
        x: left, y: upper, width: Double(box.width) * scale, height: Double(box.height) * scale, color: color)
      label("\(number + 1)", color: color, x: left, y: upper, on: canvas)
    }
    for (number, tile) in tiles.enumerated() {
      let left = gridLeft + Double(number % columns) * columnWidth
      let upper = top + Double(number / columns) * cellHeight
      draw(tile, number: number, x: left, y: upper, on: canvas)
    }
    return canvas
  }

  /// The width of the widest caption, at least that of a tile, so that captions beside one another do not touch.
  private var widestCaption: Double {
    let canvas = Canvas(width: 1, height: 1)
    let lines = tiles.flatMap { [$0.name] + $0.parameters.captionLines }
    return lines.map { canvas.width(of: $0, size: Self.textSize) }.reduce(Self.tileSide, max)
  }

  private func draw(_ tile: Tile, number: Int, x: Double, y: Double, on canvas: Canvas) {
    canvas.draw(tile.image, x: x, y: y, width: Self.tileSide, height: Self.tileSide)
    canvas.stroke(
      x: x, y: y, width: Self.tileSide, height: Self.tileSide, color: .distinct(number), thickness: 3)
    label("\(number + 1)", color: .distinct(number), x: x, y: y, on: canvas)
    var baseline = y + Self.tileSide + Self.lineHeight
    canvas.text(tile.name, x: x, baseline: baseline, size: Self.textSize)
    for line in tile.parameters.captionLines {
      baseline += Self.lineHeight
      canvas.text(line, x: x, baseline: baseline, size: Self.textSize, color: .gray)
    }
  }

  /// A number on a patch of its color.
  private func label(_ text: String, color: Color, x: Double, y: Double, on canvas: Canvas) {
    let width = canvas.width(of: text, size: Self.textSize)
    canvas.fill(x: x, y: y, width: width + 8, height: Self.lineHeight + 2, color: color)
    canvas.text(
      text, x: x + 4, baseline: y + Self.lineHeight - 2, size: Self.textSize, color: color.isDark ? .white : .black)
  }
}
