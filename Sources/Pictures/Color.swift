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

  /// Colors that stay apart for most eyes (Okabe and Ito), used in turn.
  public static func distinct(_ number: Int) -> Color {
    let colors = [
      (230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66), (0, 114, 178), (213, 94, 0), (204, 121, 167),
    ]
    let (red, green, blue) = colors[number % colors.count]
    return Color(red: Double(red) / 255, green: Double(green) / 255, blue: Double(blue) / 255)
  }
}
