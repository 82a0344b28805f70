extension PixelPlanes {
  /// Turns the hue, as torchvision's `adjust_hue` on a PIL image; changes nothing on gray.
  ///
  /// Goes through Pillow's 8-bit HSV, whose hue and saturation are cut off to whole numbers, so a shift of 0 is not
  /// quite the identity.
  ///
  /// - Parameter shift: In turns; whole 256ths of a turn are what remains of it.
  package func adjustHue(by shift: Double) {
    guard channelCount == 3 else { return }
    let steps = Float((Int(shift * 255) % 256 + 256) % 256)
    mapColors { red, green, blue in
      let value = red.upper(green).upper(blue)
      let chroma = value - red.lower(green).lower(blue)
      var hue = Self.hue(red, green, blue, value: value, chroma: chroma) + steps
      hue.replace(with: hue - 256, where: hue .> 255)
      return Self.color(hue: hue, saturation: Self.saturation(value: value, chroma: chroma), value: value)
    }
  }

  /// The 8-bit hue, 0 where there is none.
  @inline(__always)
  private static func hue(_ red: Lanes, _ green: Lanes, _ blue: Lanes, value: Lanes, chroma: Lanes) -> Lanes {
    let redDistance = (value - red) / chroma
    let greenDistance = (value - green) / chroma
    let blueDistance = (value - blue) / chroma
    var sixths = 4 + greenDistance - redDistance
    sixths.replace(with: 2 + redDistance - blueDistance, where: green .== value)
    sixths.replace(with: blueDistance - greenDistance, where: red .== value)
    // Pillow adds a turn and takes the fraction in `double`: the nearest `Float` to 1 + sixths / 6 for a negative hue.
    let turns = sixths / 6
    let whole = 1 + turns
    let lost = turns - (whole - 1)
    let remainder = Lanes.zero.addingProduct(turns, -6) + sixths
    let wrapped = whole + (lost + remainder * (1 / 6))
    let hue = cutOff(turns.replacing(with: wrapped, where: sixths .< 0))
    return hue.replacing(with: 0, where: chroma .== 0)
  }

  /// The 8-bit saturation.
  @inline(__always)
  private static func saturation(value: Lanes, chroma: Lanes) -> Lanes {
    cutOff(chroma / value).replacing(with: 0, where: chroma .== 0)
  }

  /// The whole part of the exact product of a fraction and 255.
  @inline(__always)
  private static func cutOff(_ fraction: Lanes) -> Lanes {
    let whole = (fraction * 255).rounded(.down)
    return whole.replacing(with: whole - 1, where: (-whole).addingProduct(fraction, 255) .< 0)
  }

  /// The color of an 8-bit hue, saturation and value.
  ///
  /// A channel falls from the value by value × saturation × max(0, min(k, 4 − k, 1)), where k counts sixths of a turn
  /// from the channel's own place on the wheel.
  @inline(__always)
  private static func color(hue: Lanes, saturation: Lanes, value: Lanes) -> (Lanes, Lanes, Lanes) {
    let sixths = hue * 6 / 255
    let fall = value * (saturation / 255)
    @inline(__always)
    func channel(_ place: Float) -> Lanes {
      var k = sixths + place
      k.replace(with: k - 6, where: k .>= 6)
      let share = k.lower(4 - k).lower(Lanes(repeating: 1)).upper(.zero)
      return (value - fall * share + 0.5).rounded(.down)
    }
    return (channel(5), channel(3), channel(1))
  }
}
