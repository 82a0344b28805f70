import Views

extension Planes {
  /// Moves three points at random, and the image with them, then every pixel by a smooth random field.
  ///
  /// - Parameters:
  ///   - amplitude: What the smoothed field, uniform in −1…1 before, is multiplied by, in pixels.
  ///   - sigma: The standard deviation of the Gaussian that smooths it, in pixels.
  ///   - jitter: By how many pixels each coordinate of the points moves at most.
  mutating func deform(amplitude: Double, sigma: Double, jitter: Double, using draws: inout some CorruptionDraws) {
    let middle = (x: Double(width / 2), y: Double(height / 2))
    let reach = Double(min(width, height) / 3)
    let points = [(1.0, 1.0), (1, -1), (-1, -1)].map { (x: middle.x + reach * $0, y: middle.y + reach * $1) }
    let moved = points.map { point in
      let dx = draws.uniform(-jitter, jitter)
      return (x: point.x + dx, y: point.y + draws.uniform(-jitter, jitter))
    }
    if let map = AffineMap(from: moved, to: points) {
      self = sampled(border: reflected) { x, y in map(Double(x), Double(y)) }
    }
    func field() -> [Double] { (0..<planeCount).map { _ in draws.uniform(-1, 1) } }
    let across = field()
    let down = field()
    guard amplitude > 0 else { return }
    let (columns, rows) = (SmoothingMatrix(width, sigma: sigma), SmoothingMatrix(height, sigma: sigma))
    let dx = rows.smoothed(columns.smoothedRows(across, rows: height), columns: width)
    let dy = rows.smoothed(columns.smoothedRows(down, rows: height), columns: width)
    let width = width
    self = sampled(border: mirrored) { x, y in
      let place = y * width + x
      return (Double(x) + amplitude * Double(dx[place]), Double(y) + amplitude * Double(dy[place]))
    }
  }

  /// Takes every pixel from a place between pixels, linearly; `border` finds the one that stands for one outside.
  @inline(__always)
  private func sampled(border: (Int, Int) -> Int, at place: (Int, Int) -> (x: Double, y: Double)) -> Planes {
    var result = Planes(like: self)
    for y in 0..<height {
      for x in 0..<width {
        let source = place(x, y)
        let (left, top) = (source.x.rounded(.down), source.y.rounded(.down))
        let (right, down) = (Float(source.x - left), Float(source.y - top))
        let (x0, x1) = (border(Int(left), width), border(Int(left) + 1, width))
        let (y0, y1) = (border(Int(top), height) * width, border(Int(top) + 1, height) * width)
        for plane in stride(from: 0, to: values.count, by: planeCount) {
          let upper = values[plane + y0 + x0] * (1 - right) + values[plane + y0 + x1] * right
          let lower = values[plane + y1 + x0] * (1 - right) + values[plane + y1 + x1] * right
          result.values[plane + y * width + x] = upper * (1 - down) + lower * down
        }
      }
    }
    return result
  }
}

/// An affine map of the plane.
private struct AffineMap {
  private let xx, xy, yx, yy: Double
  private let origin: (x: Double, y: Double)
  private let image: (x: Double, y: Double)

  /// The map that takes three points to three others; nil where the first lie on a line.
  init?(from points: [(x: Double, y: Double)], to images: [(x: Double, y: Double)]) {
    func difference(_ points: [(x: Double, y: Double)], _ place: Int) -> (x: Double, y: Double) {
      (points[place].x - points[0].x, points[place].y - points[0].y)
    }
    let (p, q) = (difference(points, 1), difference(points, 2))
    let (u, v) = (difference(images, 1), difference(images, 2))
    let determinant = p.x * q.y - p.y * q.x
    guard determinant != 0 else { return nil }
    xx = (u.x * q.y - v.x * p.y) / determinant
    xy = (v.x * p.x - u.x * q.x) / determinant
    yx = (u.y * q.y - v.y * p.y) / determinant
    yy = (v.y * p.x - u.y * q.x) / determinant
    origin = points[0]
    image = images[0]
  }

  func callAsFunction(_ x: Double, _ y: Double) -> (x: Double, y: Double) {
    let (dx, dy) = (x - origin.x, y - origin.y)
    return (image.x + xx * dx + xy * dy, image.y + yx * dx + yy * dy)
  }
}

/// Smoothing along an axis by a Gaussian cut at three standard deviations, the image mirrored again and again beyond its
/// border: a matrix, since the Gaussian can be wider than the image.
private struct SmoothingMatrix {
  let count: Int
  /// Row by row, what each pixel becomes.
  private var weights: [Float]

  init(_ count: Int, sigma: Double) {
    self.count = count
    let kernel = gaussianWeights(sigma: sigma, radius: Int(3 * sigma + 0.5))
    let reach = kernel.count / 2
    var sums = [Double](repeating: 0, count: count * count)
    for place in 0..<count {
      for (offset, weight) in kernel.enumerated() {
        sums[place * count + mirrored(place + offset - reach, count)] += weight
      }
    }
    weights = sums.map(Float.init)
  }

  /// Smooths a map of `count` columns along its rows.
  func smoothedRows(_ map: [Double], rows: Int) -> [Float] {
    let source = map.map(Float.init)
    var transposed = [Float](repeating: 0, count: source.count)
    for y in 0..<rows { for x in 0..<count { transposed[x * rows + y] = source[y * count + x] } }
    let smooth = smoothed(transposed, columns: rows)
    for y in 0..<rows { for x in 0..<count { transposed[y * count + x] = smooth[x * rows + y] } }
    return transposed
  }

  /// Smooths a map of `count` rows along its columns.
  func smoothed(_ map: [Float], columns: Int) -> [Float] {
    var result = [Float](repeating: 0, count: map.count)
    map.withUnsafeBufferPointer { map in
      result.withUnsafeMutableBufferPointer { result in
        for y in 0..<count {
          let target = result.baseAddress! + y * columns
          for source in 0..<count {
            let weight = weights[y * count + source]
            guard weight != 0 else { continue }
            let row = map.baseAddress! + source * columns
            for x in 0..<columns { target[x] += weight * row[x] }
          }
        }
      }
    }
    return result
  }
}
