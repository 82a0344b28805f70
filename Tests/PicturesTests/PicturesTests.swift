import ImageData
@testable import Pictures
import Testing
import Views

@Suite struct CanvasTests {
  private let photo = Image(
    width: 2, height: 2, channels: 3, pixels: [255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30])

  private func pixel(_ image: Image, _ x: Int, _ y: Int) -> [UInt8] {
    Array(image.pixels[((y * image.width + x) * 3)..<((y * image.width + x) * 3 + 3)])
  }

  @Test func imagesAreDrawnWhereTheyBelong() {
    let canvas = Canvas(width: 20, height: 10)
    canvas.draw(photo, x: 4, y: 2, width: 8, height: 8)
    let image = canvas.image
    #expect(pixel(image, 0, 0) == [255, 255, 255])
    #expect(pixel(image, 4, 2) == [255, 0, 0] && pixel(image, 7, 5) == [255, 0, 0])
    #expect(pixel(image, 11, 2) == [0, 255, 0])
    #expect(pixel(image, 4, 9) == [0, 0, 255])
    #expect(pixel(image, 11, 9) == [10, 20, 30])
    #expect(pixel(image, 12, 9) == [255, 255, 255])
  }

  @Test func grayImagesAreGray() {
    let canvas = Canvas(width: 3, height: 3)
    canvas.draw(Image(width: 1, height: 1, channels: 1, pixels: [77]), x: 0, y: 0, width: 3, height: 3)
    #expect(Set(canvas.image.pixels) == [77])
  }

  /// Our own decoder reads back what was drawn.
  @Test func pngHoldsThePicture() throws {
    let canvas = Canvas(width: 33, height: 17)
    canvas.fill(x: 3, y: 3, width: 10, height: 10, color: .distinct(1))
    canvas.stroke(x: 5, y: 5, width: 20, height: 9, color: .black)
    canvas.text("hard", x: 2, baseline: 12, size: 9)
    #expect(try ImageDecoder.decode(canvas.png(), name: "canvas.png") == canvas.image)
  }

  @Test func longerTextIsWider() {
    let canvas = Canvas(width: 10, height: 10)
    #expect(canvas.width(of: "view", size: 12) > 0)
    #expect(canvas.width(of: "view view", size: 12) > 1.9 * canvas.width(of: "view", size: 12))
  }
}

@Suite struct NeighbourSheetTests {
  /// A frame marks the query; neighbors follow to its right, in their own proportions.
  @Test func neighboursStandBesideTheirImage() {
    func tile(_ color: [UInt8], _ width: Int, _ height: Int) -> NeighbourSheet.Tile {
      let pixels = (0..<width * height).flatMap { _ in color }
      let image = Image(width: width, height: height, channels: 3, pixels: pixels)
      return .init(caption: String(repeating: "a long name ", count: 9), image: image)
    }
    let (red, green, blue): ([UInt8], [UInt8], [UInt8]) = ([255, 0, 0], [0, 255, 0], [0, 0, 255])
    let rows = [(query: tile(red, 4, 4), neighbours: [tile(green, 8, 4), tile(blue, 4, 4)])]
    let image = NeighbourSheet(title: "", rows: rows).drawn().image
    func pixel(_ x: Int, _ y: Int) -> [UInt8] {
      let start = (y * image.width + x) * 3
      return Array(image.pixels[start..<start + 3])
    }
    let middle = 40 + 64
    #expect(pixel(16 + 64, middle) == red && pixel(32 + 144 + 64, middle) == green)
    #expect(pixel(32 + 288 + 64, middle) == blue && image.width >= 32 + 288 + 128)
    // The wide image leaves white above and below.
    #expect(pixel(32 + 144 + 64, 40 + 16) == [255, 255, 255] && pixel(32 + 288 + 64, 40 + 16) == blue)
  }
}

@Suite struct ColorTests {
  @Test func sixtyFourColorsAreApart() {
    let colors = (0..<64).map(Color.distinct)
    for (number, color) in colors.enumerated() {
      for other in colors[..<number] {
        let differences = [color.red - other.red, color.green - other.green, color.blue - other.blue]
        let distance = differences.map { $0 * $0 }.reduce(0, +).squareRoot()
        #expect(distance > (number < 32 ? 0.25 : 0.14), "color \(number)")
      }
      #expect([color.red, color.green, color.blue].allSatisfy { (0...1).contains($0) })
    }
    #expect(Color.distinct(64) == colors[0])
  }

  @Test func darkColorsTakeWhiteText() {
    #expect(Color.black.isDark && Color.gray.isDark && Color(red: 0, green: 0, blue: 0.9).isDark)
    #expect(!Color.white.isDark && !Color(red: 0.94, green: 0.89, blue: 0.26).isDark)
    // The gray that contrasts with both alike: (0.179 + 0.05) / 0.05 is (1 + 0.05) / (0.179 + 0.05).
    #expect(Color(red: 0.45, green: 0.45, blue: 0.45).isDark && !Color(red: 0.47, green: 0.47, blue: 0.47).isDark)
  }
}

@Suite struct ContactSheetTests {
  private let image = Image(
    width: 60, height: 40, channels: 3, pixels: [UInt8](repeating: 200, count: 60 * 40 * 3))

  private func tile(_ parameters: ViewParameters) -> ContactSheet.Tile {
    ContactSheet.Tile(
      name: "view", parameters: parameters,
      image: Image(width: 8, height: 8, channels: 3, pixels: [UInt8](repeating: 9, count: 192)))
  }

  /// Every view and every crop leaves its color on the sheet.
  @Test(arguments: [1, 4, 7]) func everyViewIsShown(count: Int) {
    let tiles = (0..<count).map { number in
      tile(
        ViewParameters(
          sourceWidth: 60, sourceHeight: 40, crop: CropBox(top: number, left: 2 * number, height: 20, width: 25)))
    }
    let picture = ContactSheet(title: "title", image: image, tiles: tiles).drawn().image
    var counts: [[UInt8]: Int] = [:]
    for pixel in stride(from: 0, to: picture.pixels.count, by: 3) {
      counts[Array(picture.pixels[pixel..<pixel + 3]), default: 0] += 1
    }
    for number in 0..<count {
      let color = Color.distinct(number)
      let bytes = [color.red, color.green, color.blue].map { UInt8(($0 * 255).rounded()) }
      #expect(counts[bytes, default: 0] > 300, "view \(number + 1)")
    }
    #expect(counts[[9, 9, 9], default: 0] > count * 100 * 100)
    #expect(counts[[200, 200, 200], default: 0] > 100 * 100)
  }

  /// Between columns is white, however long captions are; so many views fit a picture as can be asked for.
  @Test(arguments: [5, 1000]) func captionsDoNotTouch(count: Int) throws {
    var parameters = ViewParameters(
      sourceWidth: 60, sourceHeight: 40, crop: CropBox(top: 0, left: 0, height: 40, width: 60))
    parameters.isFlipped = true
    parameters.isGrayscale = true
    parameters.blurSigma = 1.234
    parameters.isSolarized = true
    parameters.erased = CropBox(top: 0, left: 0, height: 7, width: 9)
    let picture = ContactSheet(title: "", image: image, tiles: Array(repeating: tile(parameters), count: count))
      .drawn().image
    let shown = count < 10 ? count - 1 : 32
    // Right of the photo, columns of pixels that are white from top to bottom separate the views.
    var gaps = 0
    var gap = 0
    for x in 512..<picture.width {
      let isWhite = (0..<picture.height).allSatisfy { y in
        let place = (y * picture.width + x) * 3
        return picture.pixels[place..<place + 3].allSatisfy { $0 == 255 }
      }
      gap = isWhite ? gap + 1 : 0
      if gap == 10 { gaps += 1 }
    }
    #expect(gaps >= shown, "\(gaps) gaps")
  }

  @Test func captionsSayWhatWasDrawn() {
    var parameters = ViewParameters(
      sourceWidth: 100, sourceHeight: 50, crop: CropBox(top: 3, left: 4, height: 25, width: 40))
    #expect(parameters.captionLines == ["40×25 at 4, 3 (20 %)"])
    parameters.isFlipped = true
    parameters.isGrayscale = true
    parameters.blurSigma = 1.234
    parameters.isSolarized = true
    parameters.jitter = JitterParameters(brightness: 1.2, contrast: 0.75, saturation: 1, hue: -0.05)
    parameters.operations = [DrawnOperation(.rotate, magnitude: -9), DrawnOperation(.identity)]
    parameters.erased = CropBox(top: 0, left: 0, height: 7, width: 9)
    #expect(
      parameters.captionLines == [
        "40×25 at 4, 3 (20 %)", "rotate -9°", "light 1.20, contrast 0.75,", "color 1.00, hue -0.05",
        "flipped, gray, blur 1.23, solarized, erased 9×7",
      ])
  }
}

@Suite struct TradeOffChartTests {
  /// Every mark leaves its color in the plot, also where all values are equal or none is a number.
  @Test(arguments: [[1.0, 1.5, 2.0], [1, 1, 1], [1, .infinity, .nan]]) func everyMarkIsDrawn(costs: [Double]) {
    let marks = costs.enumerated().map { TradeOffChart.Mark(name: "way \($0)", cost: $1, total: 1, part: 0.5) }
    let image = TradeOffChart(marks, costTitle: "cost", totalTitle: "all", partTitle: "part").draw().image
    for (number, cost) in costs.enumerated() where cost.isFinite {
      let color = Color.distinct(number)
      let wanted = [color.red, color.green, color.blue].map { UInt8(($0 * 255).rounded()) }
      let found = stride(from: 0, to: image.pixels.count, by: 3).contains { place in
        place / 3 % image.width < 600 && Array(image.pixels[place..<place + 3]) == wanted
      }
      // Of marks in one place the last is seen.
      if Set(costs).count > 1 || number == costs.count - 1 { #expect(found) }
    }
  }
}

@Suite struct ChosenViewsSheetTests {
  private func gray(_ value: UInt8, side: Int) -> Image {
    Image(width: side, height: side, channels: 3, pixels: [UInt8](repeating: value, count: side * side * 3))
  }

  /// Frames are drawn around chosen views and no others, in every row.
  @Test(arguments: [[0, 1], [1, 3], []]) func chosenViewsAreFramed(chosen: [Int]) {
    let views = (0..<4).map {
      (image: gray(UInt8(50 + $0), side: 8), crop: CropBox(top: $0, left: $0, height: 10, width: 10))
    }
    let row = ChosenViewsSheet.Row(caption: "image", image: gray(200, side: 20), views: views, chosen: Set(chosen))
    let picture = ChosenViewsSheet(title: "title", rows: [row, row]).drawn().image
    var frames = 0
    var pixels: [UInt8: Int] = [:]
    for place in stride(from: 0, to: picture.pixels.count, by: 3) {
      let color = Array(picture.pixels[place..<place + 3])
      if color == [213, 94, 0] { frames += 1 }
      if Set(color).count == 1 { pixels[color[0], default: 0] += 1 }
    }
    // Two rows of frames around 112 px, 5 px wide with soft edges.
    #expect(chosen.isEmpty ? frames == 0 : (3...7).contains(frames / (2 * chosen.count * 4 * 112)))
    for view in 0..<4 {
      let shown = pixels[UInt8(50 + view), default: 0]
      // The frame covers the edge of a view; some pixels of text have the same gray.
      #expect(chosen.contains(view) ? shown < 2 * 109 * 109 : shown >= 2 * 112 * 112)
      #expect(shown > 2 * 105 * 105)
    }
  }
}
