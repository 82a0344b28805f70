/// The pixels of one view while it is made: one plane per channel, values whole numbers from 0 to 255 held as `Float`.
///
/// Rows are padded to sixteen values; the padding holds anything finite and never influences a pixel. The memory
/// belongs to the scratch that the planes were made from, and is valid until that scratch makes other planes.
package struct PixelPlanes {
  /// Width in pixels.
  package let width: Int
  /// Height in pixels.
  package let height: Int
  /// 1 (gray), 3 (red, green, blue), or those of an image of another number.
  package internal(set) var channelCount: Int
  /// Values from one row to the next, a multiple of sixteen.
  let stride: Int
  private(set) var base: UnsafeMutablePointer<Float>
  private var spare: UnsafeMutablePointer<Float>

  /// Planes of undefined values; `reservedChannels` is how many planes there may be later, if more.
  package init(
    width: Int, height: Int, channelCount: Int, reservedChannels: Int = 0, scratch: inout RenderScratch
  ) {
    let count = max(channelCount, reservedChannels)
    self.width = width
    self.height = height
    self.channelCount = channelCount
    stride = paddedToLanes(width)
    base = scratch.buffers.planes.reserve(stride * height * count)
    spare = scratch.buffers.sparePlanes.reserve(stride * height * count)
  }

  /// Planes with the pixels of an image, as they are.
  package init(_ image: Image, scratch: inout RenderScratch) {
    self.init(width: image.width, height: image.height, channelCount: image.channels, scratch: &scratch)
    for channel in 0..<channelCount {
      for y in 0..<height {
        let row = row(channel, y)
        for x in 0..<width {
          row[x] = Float(image.pixels[(y * width + x) * channelCount + channel])
        }
      }
    }
  }

  /// The pixels as an image of the same number of channels.
  package var image: Image {
    var pixels = [UInt8](repeating: 0, count: width * height * channelCount)
    for channel in 0..<channelCount {
      for y in 0..<height {
        for x in 0..<width {
          pixels[(y * width + x) * channelCount + channel] = UInt8(row(channel, y)[x])
        }
      }
    }
    return Image(width: width, height: height, channels: channelCount, pixels: pixels)
  }

  /// Values of one plane, padding included.
  @_transparent
  var planeCount: Int { stride * height }

  @_transparent
  func plane(_ channel: Int) -> UnsafeMutablePointer<Float> { base + channel * planeCount }

  @_transparent
  func row(_ channel: Int, _ y: Int) -> UnsafeMutablePointer<Float> { base + channel * planeCount + y * stride }

  @_transparent
  func spareRow(_ channel: Int, _ y: Int) -> UnsafeMutablePointer<Float> {
    spare + channel * planeCount + y * stride
  }

  /// Makes the spare planes, which an operation has filled, the current ones.
  mutating func swapWithSpare() { swap(&base, &spare) }

  /// Where each group of sixteen values of one plane starts.
  var laneOffsets: StrideTo<Int> { Swift.stride(from: 0, to: planeCount, by: 16) }

  /// Where each group of sixteen values of all planes starts.
  var allLaneOffsets: StrideTo<Int> { Swift.stride(from: 0, to: planeCount * channelCount, by: 16) }
}
