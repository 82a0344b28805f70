import Torch
import Views

/// Color jitter, view by view in the drawn order.
extension TensorViewRenderer {
  /// What views must have in common to be jittered together.
  private struct Steps: Hashable {
    var order: [JitterOperation] = []
    var turnsHue = false
  }

  /// Views after their jitter; those without one are left as they are.
  func jittered(_ planes: Tensor, _ views: [ViewParameters]) -> Tensor {
    let steps = views.map { view in
      view.jitter.map { Steps(order: $0.order, turnsHue: $0.hue != 0) } ?? Steps()
    }
    let groups = Dictionary(grouping: views.indices, by: { steps[$0] }).sorted { $0.value[0] < $1.value[0] }
    guard groups.contains(where: { !$0.key.order.isEmpty }) else { return planes }
    let parts = groups.map { steps, rows in
      let part = planes.selecting(Tensor(rows))
      return steps.order.reduce(part) { apply($1, of: steps, to: $0, rows.map { views[$0].jitter! }) }
    }
    var places = [Int](repeating: 0, count: views.count)
    for (place, row) in groups.flatMap(\.value).enumerated() { places[row] = place }
    return Tensor.concatenated(parts).selecting(Tensor(places))
  }

  private func apply(
    _ operation: JitterOperation, of steps: Steps, to planes: Tensor, _ jitters: [JitterParameters]
  ) -> Tensor {
    func factors(_ value: KeyPath<JitterParameters, Double>) -> Tensor {
      .column(jitters.map { Float($0[keyPath: value]) })
    }
    switch operation {
    case .brightness: return (planes * factors(\.brightness)).cutOff()
    case .contrast: return planes.meanLuma().blended(to: planes, factors(\.contrast))
    case .saturation where channels == 3: return planes.luma().blended(to: planes, factors(\.saturation))
    case .hue where channels == 3 && steps.turnsHue:
      return planes.turningHue(by: .column(jitters.map { Float((Int($0.hue * 255) % 256 + 256) % 256) }))
    default: return planes
    }
  }
}

/// The color operations on `[views, channels, height, width]`, each with the 8-bit result of Pillow.
extension Tensor {
  /// Kept within 0 and 255, and whole.
  fileprivate func cutOff() -> Tensor { clamped(from: 0, to: 255).rounded(.towardZero) }

  /// This + `factor` × (`other` − this), cut off to 8 bits.
  fileprivate func blended(to other: Tensor, _ factor: Tensor) -> Tensor {
    (self + (other - self) * factor).cutOff()
  }

  /// The gray version of colors, `[views, 1, height, width]`; other channels as they are.
  func luma() -> Tensor {
    guard shape[1] == 3 else { return self }
    let weights = Tensor([19595, 38470, 7471] as [Float], shape: [1, 3, 1, 1])
    return (((self * weights).sum(along: 1, keepingDimensions: true) + 32768) * 0x1p-16).rounded(.down)
  }

  /// The rounded mean of the gray version, or of all values where there are other channels, `[views, 1, 1, 1]`.
  fileprivate func meanLuma() -> Tensor {
    // Sums of a row are whole numbers that float32 holds; those of a view need not be.
    let luma = luma()
    let rows = luma.sum(along: 3).converted(to: .float64)
    let count = Tensor.full([], Double(luma.shape[1] * shape[2] * shape[3]), dtype: .float64)
    let mean = rows.sum(along: 2).sum(along: 1) / count
    return (mean + 0.5).rounded(.down).converted(to: .float32).reshaped([-1, 1, 1, 1])
  }

  /// Turns the hue by 256ths of a turn through Pillow's 8-bit HSV.
  fileprivate func turningHue(by steps: Tensor) -> Tensor {
    let value = maximum(along: 1).expandingDimension(at: 1)
    let chroma = value - minimum(along: 1).expandingDimension(at: 1)
    let isGray = chroma .< 0.5
    let turned = hue(value: value, chroma: chroma).replacing(where: isGray, with: 0) + steps
    let hue = turned.replacing(where: turned .> 255, with: turned - 256)
    let saturation = ((chroma / value).converted(to: .float64) * 255).rounded(.down).converted(to: .float32)
      .replacing(where: isGray, with: 0)
    let white = Tensor.full([], 255)
    let fall = value * (saturation / white)
    // Each channel counts sixths of a turn from its own place on the wheel.
    let place = hue * 6 / white + Tensor([5, 3, 1] as [Float], shape: [1, 3, 1, 1])
    let sixths = place.replacing(where: place .> 6.0.nextDown, with: place - 6)
    let share = sixths.elementwiseMinimum(sixths * -1.0 + 4).clamped(from: 0, to: 1)
    return (value - fall * share + 0.5).rounded(.down)
  }

  /// The 8-bit hue; anything where there is none.
  private func hue(value: Tensor, chroma: Tensor) -> Tensor {
    let channels = split(into: 3, along: 1)
    let (afterRed, afterGreen, afterBlue) = (value - channels[2], value - channels[0], value - channels[1])
    let (isRed, isGreen) = (channels[0] .== value, channels[1] .== value)
    let first = afterBlue.replacing(where: isGreen, with: afterGreen).replacing(where: isRed, with: afterRed)
    let second = afterGreen.replacing(where: isGreen, with: afterRed).replacing(where: isRed, with: afterBlue)
    let place = Tensor.full(value.shape, 4).replacing(where: isGreen, with: 2).replacing(where: isRed, with: 0)
    // Pillow computes in double and keeps the result in single precision.
    func wide(_ tensor: Tensor) -> Tensor { tensor.converted(to: .float64) }
    let sixths = (wide(place) + wide(first / chroma) - wide(second / chroma)).converted(to: .float32)
    let turns = wide(sixths) / Tensor.full([], 6, dtype: .float64)
    let positive = turns.replacing(where: sixths .< 0, with: turns + 1).converted(to: .float32)
    return (wide(positive) * 255).rounded(.down).converted(to: .float32)
  }
}
