extension PixelPlanes {
  /// Turns the hue, as torchvision's `adjust_hue` on a PIL image; changes nothing on gray.
  ///
  /// Goes through Pillow's 8-bit HSV, whose hue and saturation are cut off to whole numbers, so a shift of 0 is not
  /// quite the identity.
  ///
  /// - Parameter shift: In turns; whole 256ths of a turn are what remains of it.
  package func adjustHue(by shift: Double) {
    guard channelCount == 3 else { return }
    let steps = Lanes(repeating: Float((Int(shift * 255) % 256 + 256) % 256))
    let (reds, greens, blues) = (plane(0), plane(1), plane(2))
    for offset in laneOffsets {
      let (red, green, blue) = (reds.lanes(at: offset), greens.lanes(at: offset), blues.lanes(at: offset))
      let value = red.upper(green).upper(blue)
      let chroma = value - red.lower(green).lower(blue)
      let turned = Self.hue(red, green, blue, value: value, chroma: chroma) + steps
      let hue = turned.replacing(with: turned - Lanes(repeating: 256), where: turned .> Lanes(repeating: 255))
      let white = Lanes(repeating: 255)
      let inverse = Lanes(repeating: 1 / 255)
      let sixths = Self.quotient(hue * Lanes(repeating: 6), white, inverse: inverse)
      let fall = value * Self.quotient(Self.saturation(value: value, chroma: chroma), white, inverse: inverse)
      reds.store(Self.channel(at: 5, sixths: sixths, value: value, fall: fall), at: offset)
      greens.store(Self.channel(at: 3, sixths: sixths, value: value, fall: fall), at: offset)
      blues.store(Self.channel(at: 1, sixths: sixths, value: value, fall: fall), at: offset)
    }
  }

  /// The 8-bit hue, 0 where there is none.
  @_transparent
  private static func hue(_ red: Lanes, _ green: Lanes, _ blue: Lanes, value: Lanes, chroma: Lanes) -> Lanes {
    let (isRed, isGreen) = (red .== value, green .== value)
    let afterGreen = value - red
    let afterBlue = value - green
    let first = afterBlue.replacing(with: afterGreen, where: isGreen).replacing(with: value - blue, where: isRed)
    let second = afterGreen.replacing(with: value - blue, where: isGreen).replacing(with: afterBlue, where: isRed)
    let place = Lanes(repeating: 4).replacing(with: Lanes(repeating: 2), where: isGreen)
      .replacing(with: Lanes.zero, where: isRed)
    let inverse = Lanes(repeating: 1) / chroma
    let sixths = sum(
      place, quotient(first, chroma, inverse: inverse), minus: quotient(second, chroma, inverse: inverse))
    // Pillow adds a turn and takes the fraction in `double`: the nearest `Float` to 1 + sixths / 6 for a negative hue.
    let one = Lanes(repeating: 1)
    let turns = quotient(sixths, Lanes(repeating: 6), inverse: Lanes(repeating: 1 / 6))
    let whole = one + turns
    let lost = turns - (whole - one)
    let remainder = sixths.addingProduct(turns, Lanes(repeating: -6))
    let wrapped = whole + lost.addingProduct(remainder, Lanes(repeating: 1 / 6))
    let hue = cutOff(turns.replacing(with: wrapped, where: sixths .< Lanes.zero))
    return hue.replacing(with: Lanes.zero, where: chroma .== Lanes.zero)
  }

  /// The rounded quotient of two numbers from the rounded inverse of the second, where many divisions would be slow.
  @_transparent
  private static func quotient(_ dividend: Lanes, _ divisor: Lanes, inverse: Lanes) -> Lanes {
    let quotient = dividend * inverse
    let rest = dividend.addingProduct(Lanes.zero - quotient, divisor)
    return quotient.addingProduct(rest, inverse)
  }

  /// `place` + `first` − `second` as if computed in `double` and rounded once; `place` is zero or the larger number.
  @_transparent
  private static func sum(_ place: Lanes, _ first: Lanes, minus second: Lanes) -> Lanes {
    let difference = first - second
    let taken = first - difference
    let lostInDifference = (first - (difference + taken)) + (taken - second)
    let sum = place + difference
    let lostInSum = difference - (sum - place)
    return sum + (lostInSum + lostInDifference)
  }

  /// The 8-bit saturation, 0 where there is none.
  @_transparent
  private static func saturation(value: Lanes, chroma: Lanes) -> Lanes {
    cutOff(chroma / value).replacing(with: Lanes.zero, where: chroma .== Lanes.zero)
  }

  /// The whole part of the exact product of a fraction and 255.
  @_transparent
  private static func cutOff(_ fraction: Lanes) -> Lanes {
    let scale = Lanes(repeating: 255)
    let whole = (fraction * scale).rounded(.down)
    let rest = (Lanes.zero - whole).addingProduct(fraction, scale)
    return whole.replacing(with: whole - Lanes(repeating: 1), where: rest .< Lanes.zero)
  }

  /// One channel of the color with a hue in sixths of a turn.
  ///
  /// It falls from the value by value × saturation × max(0, min(k, 4 − k, 1)), where k counts sixths of a turn from the
  /// channel's own place on the wheel.
  @_transparent
  private static func channel(at place: Float, sixths: Lanes, value: Lanes, fall: Lanes) -> Lanes {
    let turned = sixths + Lanes(repeating: place)
    let k = turned.replacing(with: turned - Lanes(repeating: 6), where: turned .>= Lanes(repeating: 6))
    let share = k.lower(Lanes(repeating: 4) - k).lower(Lanes(repeating: 1)).upper(Lanes.zero)
    return (value - fall * share + Lanes(repeating: 0.5)).rounded(.down)
  }
}
