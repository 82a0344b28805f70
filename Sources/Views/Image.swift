/// A decoded 8-bit image: rows from top to bottom, channels interleaved.
public struct Image: Sendable, Equatable {
  /// Width in pixels, at least 1.
  public let width: Int
  /// Height in pixels, at least 1.
  public let height: Int
  /// 1 (gray), 3 (red, green, blue), or as many as something else measures.
  public let channels: Int
  /// `height × width × channels` values.
  public let pixels: [UInt8]

  /// Wraps decoded pixels.
  ///
  /// Traps when a side or `channels` is not positive, or `pixels` does not hold `height × width × channels` values.
  public init(width: Int, height: Int, channels: Int, pixels: [UInt8]) {
    precondition(width > 0 && height > 0, "An image is at least 1×1 pixels; got \(width)×\(height).")
    precondition(channels > 0, "An image has at least one channel; got \(channels).")
    precondition(
      pixels.count == width * height * channels,
      "A \(width)×\(height) image of \(channels) channels has \(width * height * channels) values; got \(pixels.count)."
    )
    self.width = width
    self.height = height
    self.channels = channels
    self.pixels = pixels
  }

  /// Whether the picture can be had with a number of channels: its own, or 1 for 3 and 3 for 1.
  public func isConvertible(toChannels target: Int) -> Bool {
    target == channels || [1, 3].contains(target) && [1, 3].contains(channels)
  }

  /// The same picture with another number of channels; traps unless it is convertible.
  ///
  /// Color becomes gray by the ITU-R 601 luma in the 16-bit fixed point of PIL's `convert("L")`; gray becomes color by
  /// repeating its one channel.
  public func converted(toChannels target: Int) -> Image {
    precondition(
      isConvertible(toChannels: target), "An image of \(channels) channels cannot become one of \(target).")
    if target == channels { return self }
    let count = width * height
    if target == 3 {
      let replicated = [UInt8](unsafeUninitializedCapacity: count * 3) { buffer, initialized in
        for (index, value) in pixels.enumerated() {
          buffer[3 * index] = value
          buffer[3 * index + 1] = value
          buffer[3 * index + 2] = value
        }
        initialized = count * 3
      }
      return Image(width: width, height: height, channels: 3, pixels: replicated)
    }
    let luma = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      pixels.withUnsafeBufferPointer { source in
        Luma.convert(source.baseAddress!, count: count, into: buffer.baseAddress!)
      }
      initialized = count
    }
    return Image(width: width, height: height, channels: 1, pixels: luma)
  }
}
