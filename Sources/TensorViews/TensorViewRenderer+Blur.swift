import Torch
import Views

/// The two blurs.
extension TensorViewRenderer {
  /// Views after their blur; those without one are left as they are.
  func blurred(_ planes: Tensor, _ views: [ViewParameters]) -> Tensor {
    var gaussians: [(row: Int, kernel: [Float])] = []
    var boxes: [(row: Int, box: ExtendedBox)] = []
    for (row, view) in views.enumerated() {
      switch renderer.blur(view) {
      case .none: break
      case .boxes(let radius):
        if radius > 0 { boxes.append((row, ExtendedBox(standardDeviation: radius))) }
      case .gaussian(let halfSize, let sigma):
        if let kernel = Self.kernel(halfSize: halfSize, sigma: sigma) { gaussians.append((row, kernel)) }
      }
    }
    return
      planes
      .updating(gaussians.map(\.row)) { planes, _ in planes.blurred(gaussians.map(\.kernel)) }
      .updating(boxes.map(\.row)) { planes, _ in planes.blurred(boxes.map(\.box)) }
  }

  /// The weights at the distances 0, 1, … as far as they matter; nil where that is nowhere.
  private static func kernel(halfSize: Int, sigma: Double) -> [Float]? {
    var reach = 0
    let kernel = [Float](unsafeUninitializedCapacity: halfSize + 1) { kernel, count in
      reach = fillGaussianKernel(kernel.baseAddress!, halfSize: halfSize, sigma: sigma)
      count = halfSize + 1
    }
    return reach > 0 ? Array(kernel.prefix(reach + 1)) : nil
  }
}

extension Tensor {
  /// Blurs each view with the weights of a kernel at the distances 0, 1, …; borders are mirrored.
  fileprivate func blurred(_ kernels: [[Float]]) -> Tensor {
    let weights = Self.weights(kernels)
    return [2, 3].reduce(self) { $0.blended(weights, along: $1, place: reflected) }.rounded(.toNearestOrEven)
  }

  /// Blurs each view three times with a box along each axis, each time rounded to 8 bits; borders are repeated.
  fileprivate func blurred(_ boxes: [ExtendedBox]) -> Tensor {
    // Whole numbers of up to 32 bits.
    let weights = Self.weights(
      boxes.map { box in
        Array(repeating: Double(box.weight), count: box.wholeRadius + 1) + [Double(box.edgeWeight)]
      })
    var planes = converted(to: .float64)
    for axis in [3, 2] {
      for _ in 0..<ExtendedBox.passes {
        let sums = planes.blended(weights, along: axis) { place, count in min(max(place, 0), count - 1) }
        planes = ((sums + 0x1p23) * 0x1p-24).rounded(.down)
      }
    }
    return planes.converted(to: .float32)
  }

  /// For each distance the weights of all views, 0 beyond a view's reach.
  private static func weights<Scalar: TensorScalar & ExpressibleByIntegerLiteral>(_ kernels: [[Scalar]]) -> [Tensor] {
    (0..<kernels.map(\.count).max()!).map { distance in
      .column(kernels.map { distance < $0.count ? $0[distance] : 0 })
    }
  }

  /// Weighted sums of neighbours along an axis.
  ///
  /// - Parameter place: Which of so many pixels stands for a place outside.
  private func blended(_ weights: [Tensor], along axis: Int, place: (Int, Int) -> Int) -> Tensor {
    let (count, reach) = (shape[axis], weights.count - 1)
    let padded = selecting(Tensor((-reach..<count + reach).map { place($0, count) }), along: axis)
    return (1...reach).reduce(self * weights[0]) { sum, distance in
      let before = padded.narrowed(along: axis, from: reach - distance, count: count)
      let after = padded.narrowed(along: axis, from: reach + distance, count: count)
      return sum + (before + after) * weights[distance]
    }
  }
}
