/// A color that shows through where an image is transparent.
public struct BackgroundColor: Sendable, Equatable {
  /// Its red, green and blue, from 0 to 255.
  public let red, green, blue: UInt8

  /// Sets the color.
  public init(red: UInt8, green: UInt8, blue: UInt8) {
    self.red = red
    self.green = green
    self.blue = blue
  }

  /// Reads six hexadecimal digits behind a `#`, such as `#ffffff` for white.
  public init?(_ text: String) {
    guard text.hasPrefix("#"), text.utf8.count == 7, let value = UInt32(text.dropFirst(), radix: 16),
      text.dropFirst().allSatisfy(\.isHexDigit)
    else { return nil }
    self.init(
      red: UInt8(value >> 16), green: UInt8(truncatingIfNeeded: value >> 8), blue: UInt8(truncatingIfNeeded: value))
  }

  /// Whether gray images stay gray in front of it.
  var isGray: Bool { red == green && green == blue }

  /// One of red, green and blue.
  subscript(channel: Int) -> UInt8 { channel == 0 ? red : channel == 1 ? green : blue }

  /// A value in front of the color, rounded as Pillow's `Image.paste` with a mask rounds.
  /// - Parameters:
  ///   - channel: 0 for red, 1 for green, 2 for blue.
  ///   - alpha: From 0 (the background alone) to 255 (the value alone).
  @inline(__always)
  func behind(_ value: UInt8, alpha: UInt8, channel: Int) -> UInt8 {
    let sum = Int(self[channel]) * (255 - Int(alpha)) + Int(value) * Int(alpha) + 128
    return UInt8(((sum >> 8) + sum) >> 8)
  }
}

extension BackgroundColor {
  /// Fills pixels of red, green and blue with those of red, green, blue and alpha in front of the color.
  ///
  /// Both may begin at the same place.
  func fill(_ target: UnsafeMutableBufferPointer<UInt8>, fromRGBA source: UnsafeBufferPointer<UInt8>) {
    for pixel in 0..<source.count / 4 {
      let alpha = source[4 * pixel + 3]
      for channel in 0..<3 {
        target[3 * pixel + channel] = behind(source[4 * pixel + channel], alpha: alpha, channel: channel)
      }
    }
  }
}
