import Views

/// A picture of images and of those that are nearest to each: a row for each image.
public struct NeighbourSheet {
  /// An image with a line below it.
  public struct Tile {
    /// The line, such as `0.93  cat-7.jpg`.
    public var caption: String
    /// The image.
    public var image: Image

    /// An image with its line.
    public init(caption: String, image: Image) {
      self.caption = caption
      self.image = image
    }
  }

  /// The line above everything.
  public var title: String
  /// In each row an image and its neighbors, the nearest first.
  public var rows: [(query: Tile, neighbours: [Tile])]

  /// As many rows, and as many neighbors in each, fit into a picture.
  public static let largestSide = 200
  private static let margin = 16.0
  private static let side = 128.0
  private static let textSize = 11.0

  /// A sheet of images and their neighbors.
  public init(title: String, rows: [(query: Tile, neighbours: [Tile])]) {
    self.title = title
    self.rows = rows
  }

  /// Draws the sheet.
  public func drawn() -> Canvas {
    let columns = 1 + (rows.map(\.neighbours.count).max() ?? 0)
    let (cellWidth, cellHeight) = (Self.side + Self.margin, Self.side + 2 * Self.margin)
    let top = 2.5 * Self.margin
    let canvas = Canvas(
      width: Int(2 * Self.margin + Double(columns) * cellWidth), height: Int(top + Double(rows.count) * cellHeight))
    canvas.text(title, x: Self.margin, baseline: 1.5 * Self.margin, size: 14)
    for (row, (query, neighbours)) in rows.enumerated() {
      let y = top + Double(row) * cellHeight
      draw(query, x: Self.margin, y: y, on: canvas)
      canvas.stroke(x: Self.margin, y: y, width: Self.side, height: Self.side, color: .distinct(0), thickness: 3)
      for (column, tile) in neighbours.enumerated() {
        draw(tile, x: 2 * Self.margin + Double(column + 1) * cellWidth, y: y, on: canvas)
      }
    }
    return canvas
  }

  /// The whole image in a square, in its own proportions.
  private func draw(_ tile: Tile, x: Double, y: Double, on canvas: Canvas) {
    let scale = Self.side / Double(max(tile.image.width, tile.image.height))
    let (width, height) = (Double(tile.image.width) * scale, Double(tile.image.height) * scale)
    canvas.draw(
      tile.image, x: x + (Self.side - width) / 2, y: y + (Self.side - height) / 2, width: width, height: height)
    var caption = tile.caption
    while caption.count > 1, canvas.width(of: caption, size: Self.textSize) > Self.side {
      caption = caption.dropLast(caption.hasSuffix("…") ? 2 : 1) + "…"
    }
    canvas.text(caption, x: x, baseline: y + Self.side + Self.margin - 3, size: Self.textSize)
  }
}
