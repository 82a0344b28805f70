import Glibc

extension PixelPlanes {
  /// Blurs with a sampled Gaussian and reflected borders, as torchvision's `gaussian_blur`.
  ///
  /// - Parameters:
  ///   - kernelSize: Width of the kernel in pixels, odd.
  ///   - sigma: Standard deviation in pixels, positive.
  package mutating func blurGaussian(kernelSize: Int, sigma: Double, scratch: inout RenderScratch) {
    let kernel = scratch.buffers.kernel.reserve(kernelSize)
    let reach = fillGaussianKernel(kernel, halfSize: kernelSize / 2, sigma: sigma)
    guard reach > 0 else { return }
    let margin = paddedToLanes(reach)
    let line = scratch.buffers.line.reserve(margin + stride + margin + 16)
    let center = line + margin
    for channel in 0..<channelCount {
      for y in 0..<height {
        for x in Swift.stride(from: 0, to: stride, by: 16) {
          var sum = row(channel, y).lanes(at: x) * Lanes(repeating: kernel[0])
          for distance in 1...reach {
            let above = row(channel, reflected(y - distance, height)).lanes(at: x)
            let below = row(channel, reflected(y + distance, height)).lanes(at: x)
            sum.addProduct(above + below, Lanes(repeating: kernel[distance]))
          }
          center.store(sum, at: x)
        }
        for distance in 1...reach {
          center[-distance] = center[reflected(-distance, width)]
          center[width - 1 + distance] = center[reflected(width - 1 + distance, width)]
        }
        let target = spareRow(channel, y)
        for x in Swift.stride(from: 0, to: stride, by: 16) {
          var sum = center.lanes(at: x) * Lanes(repeating: kernel[0])
          for distance in 1...reach {
            let sides = center.lanes(at: x - distance) + center.lanes(at: x + distance)
            sum.addProduct(sides, Lanes(repeating: kernel[distance]))
          }
          target.store(sum.rounded(.toNearestOrEven), at: x)
        }
      }
    }
    swapWithSpare()
  }
}

/// Writes a Gaussian's weights at the distances 0, 1, … `halfSize` and returns the largest whose weight matters to 8 bits.
///
/// A view whose kernel reaches no distance stays as it is.
package func fillGaussianKernel(_ kernel: UnsafeMutablePointer<Float>, halfSize: Int, sigma: Double) -> Int {
  var total = 1.0
  var reach = 0
  for distance in 0...halfSize {
    let weight = exp(-0.5 * Double(distance * distance) / (sigma * sigma))
    if distance > 0 { total += 2 * weight }
    if weight > 1e-5 { reach = distance }
    kernel[distance] = Float(weight)
  }
  for distance in 0...reach { kernel[distance] /= Float(total) }
  return reach
}

/// The place inside 0..<count that a place outside is the mirror image of, the border itself not repeated.
@_transparent
package func reflected(_ place: Int, _ count: Int) -> Int {
  if place >= 0 && place < count { return place }
  if count == 1 { return 0 }
  let period = 2 * (count - 1)
  let turned = ((place % period) + period) % period
  return min(turned, period - turned)
}
