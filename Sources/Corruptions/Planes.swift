import Views

/// Pixels as floating-point numbers, 0 to 1, a plane for each channel, rows without padding.
struct Planes {
  let width: Int
  let height: Int
  let channels: Int
  var values: [Float]

  /// Values of one plane.
  var planeCount: Int { width * height }

  /// Planes of zeros.
  init(width: Int, height: Int, channels: Int) {
    self.width = width
    self.height = height
    self.channels = channels
    values = [Float](repeating: 0, count: width * height * channels)
  }

  /// Zeros of the size and channels of other planes.
  init(like other: Planes) { self.init(width: other.width, height: other.height, channels: other.channels) }

  /// The pixels of an image in shares of white.
  init(_ image: Image) {
    self.init(width: image.width, height: image.height, channels: image.channels)
    let (count, channels) = (planeCount, channels)
    image.pixels.withUnsafeBufferPointer { source in
      values.withUnsafeMutableBufferPointer { target in
        for channel in 0..<channels {
          for place in 0..<count {
            target[channel * count + place] = Float(source[place * channels + channel]) / 255
          }
        }
      }
    }
  }

  /// The 8-bit image, values cut to 0…1 and their fractions cut off, as published.
  var image: Image {
    let (count, channels) = (planeCount, channels)
    let pixels = [UInt8](unsafeUninitializedCapacity: values.count) { target, initialized in
      values.withUnsafeBufferPointer { source in
        for channel in 0..<channels {
          for place in 0..<count {
            target[place * channels + channel] = Self.byte(source[channel * count + place])
          }
        }
      }
      initialized = values.count
    }
    return Image(width: width, height: height, channels: channels, pixels: pixels)
  }

  /// The byte of a share of white; the error of single precision never costs a whole level.
  @inline(__always)
  static func byte(_ value: Float) -> UInt8 { UInt8(min(max(value * 255 + 0x1p-10, 0), 255)) }

  /// Rounds values down to those that bytes have.
  mutating func quantize() {
    for place in values.indices { values[place] = Float(Self.byte(values[place])) / 255 }
  }

  /// Changes every value by a function of it.
  @inline(__always)
  mutating func map(_ body: (Float) -> Float) {
    for place in values.indices { values[place] = body(values[place]) }
  }
}

/// The place inside 0..<count nearest to a place.
@inline(__always)
func clamped(_ place: Int, _ count: Int) -> Int { min(max(place, 0), count - 1) }

/// The place inside 0..<count that a place outside is the mirror image of, the border itself repeated.
@inline(__always)
func mirrored(_ place: Int, _ count: Int) -> Int {
  if place >= 0 && place < count { return place }
  let turned = ((place % (2 * count)) + 2 * count) % (2 * count)
  return min(turned, 2 * count - 1 - turned)
}
