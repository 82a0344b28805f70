import Views

/// A picture of choices: a row an image, with the views that were drawn, those that were trained on framed.
public struct ChosenViewsSheet {
  /// An image and its views.
  public struct Row {
    /// The line above the row: which image, when, and how hard the choice was.
    public var caption: String
    /// The image that views were made of.
    public var image: Image
    /// Its views, with the crops that they show.
    public var views: [(image: Image, crop: CropBox)]
    /// The places of the views that were trained on.
    public var chosen: Set<Int>

    /// An image with the views that were drawn and chosen.
    public init(caption: String, image: Image, views: [(image: Image, crop: CropBox)], chosen: Set<Int>) {
      self.caption = caption
      self.image = image
      self.views = views
      self.chosen = chosen
    }

    /// An image with views that are rendered from what was drawn of them.
    public init(
      caption: String, image: Image, recipes: [ViewRecipe], parameters: [ViewParameters], chosen: Set<Int>
    ) {
      let image = image.visible
      var scratch = RenderScratch()
      let views = zip(recipes, parameters).map { recipe, drawn in
        let renderer = ViewRenderer(recipe: recipe, channels: 3, format: .uint8)
        return (image: renderer.image(of: image, drawn, &scratch), crop: drawn.crop)
      }
      self.init(caption: caption, image: image, views: views, chosen: chosen)
    }
  }

  /// The line above everything.
  public var title: String
  /// The rows, first to last.
  public var rows: [Row]

  private static let margin = 14.0
  private static let side = 112.0
  private static let captionHeight = 18.0
  private static let frame = Color(red: 213 / 255, green: 94 / 255, blue: 0)

  /// A sheet of choices.
  public init(title: String, rows: [Row]) {
    self.title = title
    self.rows = rows
  }

  /// A sheet of what was chosen in an epoch, counted from 0.
  public init(epoch: Int, rows: [Row]) {
    self.init(title: "Epoch \(epoch + 1): the views that were trained on are framed", rows: rows)
  }

  /// Draws the sheet.
  public func drawn() -> Canvas {
    let measuring = Canvas(width: 1, height: 1)
    let texts = [(title, 14.0)] + rows.map { ($0.caption, 11.0) }
    let columns = Double((rows.map(\.views.count).max() ?? 0) + 1)
    let width = texts.map { measuring.width(of: $0, size: $1) }.reduce(columns * (Self.side + Self.margin), max)
    let rowHeight = Self.captionHeight + Self.side + Self.margin
    let canvas = Canvas(
      width: Int((width + 2 * Self.margin).rounded(.up)),
      height: Int((2.5 * Self.margin + Double(rows.count) * rowHeight).rounded(.up)))
    canvas.text(title, x: Self.margin, baseline: 1.5 * Self.margin, size: 14)
    for (number, row) in rows.enumerated() {
      draw(row, y: 2.5 * Self.margin + Double(number) * rowHeight, on: canvas)
    }
    return canvas
  }

  private func draw(_ row: Row, y: Double, on canvas: Canvas) {
    canvas.text(row.caption, x: Self.margin, baseline: y + 12, size: 11, color: .gray)
    let top = y + Self.captionHeight
    let scale = Self.side / Double(max(row.image.width, row.image.height))
    canvas.draw(
      row.image, x: Self.margin, y: top, width: Double(row.image.width) * scale,
      height: Double(row.image.height) * scale)
    // Chosen crops last, so that none is hidden.
    for isChosen in [false, true] {
      for (place, view) in row.views.enumerated() where row.chosen.contains(place) == isChosen {
        canvas.stroke(
          x: Self.margin + Double(view.crop.left) * scale, y: top + Double(view.crop.top) * scale,
          width: Double(view.crop.width) * scale, height: Double(view.crop.height) * scale,
          color: isChosen ? Self.frame : .white, thickness: isChosen ? 2 : 1)
        let x = Self.margin + Double(place + 1) * (Self.side + Self.margin)
        canvas.draw(view.image, x: x, y: top, width: Self.side, height: Self.side)
        if isChosen {
          canvas.stroke(x: x, y: top, width: Self.side, height: Self.side, color: Self.frame, thickness: 5)
        }
      }
    }
  }
}
