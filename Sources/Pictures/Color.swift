import Foundation

/// A color to draw with; components from 0 to 1.
public struct Color: Sendable, Equatable {
  /// Red.
  public var red: Double
  /// Green.
  public var green: Double
  /// Blue.
  public var blue: Double

  /// A color of three components from 0 to 1.
  public init(red: Double, green: Double, blue: Double) {
    self.red = red
    self.green = green
    self.blue = blue
  }

  /// Black.
  public static let black = Color(red: 0, green: 0, blue: 0)
  /// White.
  public static let white = Color(red: 1, green: 1, blue: 1)
  /// Quiet text.
  public static let gray = Color(red: 0.35, green: 0.35, blue: 0.35)

  /// Colors that stay apart, used in turn; 64 different ones.
  ///
  /// The first seven do so for most eyes (Okabe and Ito). Each of the others is the one of a grid of hues that is
  /// farthest from those before it.
  public static func distinct(_ number: Int) -> Color { palette[number % palette.count] }

  private static let palette: [Color] = {
    var colors = [
      (230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66), (0, 114, 178), (213, 94, 0), (204, 121, 167),
    ].map { (red: Double, green: Double, blue: Double) in Color(red: red / 255, green: green / 255, blue: blue / 255) }
    let shades = [(1, 0.6), (1, 0.9), (0.6, 0.75), (0.35, 0.95)]
    let grid = (0..<36).flatMap { hue in
      shades.map { saturation, value in Color(hue: Double(hue) / 36, saturation: saturation, value: value) }
    }
    // How far each color of the grid is from the nearest one that was taken.
    var distances = grid.map { color in colors.map { color.squaredDistance(to: $0) }.min()! }
    while colors.count < 64 {
      let farthest = grid[grid.indices.max { distances[$0] < distances[$1] }!]
      colors.append(farthest)
      distances = zip(grid, distances).map { min($1, $0.squaredDistance(to: farthest)) }
    }
    return colors
  }()

  /// A color by hue, saturation and value, each from 0 to 1.
  private init(hue: Double, saturation: Double, value: Double) {
    func component(_ offset: Double) -> Double {
      let place = (offset + hue * 6).truncatingRemainder(dividingBy: 6)
      return value * (1 - saturation * max(0, min(place, 4 - place, 1)))
    }
    self.init(red: component(5), green: component(3), blue: component(1))
  }

  /// Whether white text on it is easier to read than black.
  ///
  /// By the relative luminance and the contrast of WCAG 2: equal at a luminance of 0.179.
  var isDark: Bool {
    func linear(_ value: Double) -> Double { value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4) }
    return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue) < 0.179
  }

  private func squaredDistance(to other: Color) -> Double {
    let (red, green, blue) = (red - other.red, green - other.green, blue - other.blue)
    return red * red + green * green + blue * blue
  }
}
