import Glibc

extension ViewRecipe {
  /// Draws everything that is random about one view of an image of `width` × `height` pixels.
  ///
  /// The distributions are those of torchvision's `RandomResizedCrop`, `RandomHorizontalFlip`, `ColorJitter`,
  /// `RandomGrayscale`, `GaussianBlur`, `RandomSolarize`, `RandAugment` and `RandomErasing`, drawn in this order.
  public func drawParameters(width: Int, height: Int, using random: inout ViewRandom) -> ViewParameters {
    let crop = crop.drawBox(width: width, height: height, using: &random)
    let isFlipped = random.happens(withProbability: flipProbability)
    let jitter = jitter.draw(using: &random)
    let isGrayscale = random.happens(withProbability: grayscaleProbability)
    let isBlurred = random.happens(withProbability: blur.probability)
    let sigma = random.uniform(in: blur.sigma[0]...blur.sigma[1])
    let isSolarized = random.happens(withProbability: solarize.probability)
    var parameters = ViewParameters(
      sourceWidth: width, sourceHeight: height, crop: crop, isFlipped: isFlipped, jitter: jitter,
      isGrayscale: isGrayscale, blurSigma: isBlurred ? sigma : nil, isSolarized: isSolarized)
    if threeAugment {
      let chosen = random.integer(below: 3)
      parameters.isGrayscale = chosen == 0
      parameters.isSolarized = chosen == 1
      parameters.blurSigma = chosen == 2 ? sigma : nil
    }
    if randAugment.operations > 0 { parameters.operations = randAugment.draw(size: size, using: &random) }
    if erasing.probability > 0 { parameters.erased = erasing.draw(size: size, using: &random) }
    if !operations.isEmpty {
      parameters.ownOperations = operations.compactMap { own in
        own.operation.draw(using: &random).map { DrawnViewOperation(name: own.name, values: $0) }
      }
    }
    return parameters
  }
}

extension CropRecipe {
  /// Draws a box inside an image of `width` × `height` pixels.
  ///
  /// Ten times an area (uniform) and an aspect ratio (log-uniform) are drawn and the first box that fits is placed
  /// at random; when none fits, the largest centered box whose ratio is within bounds is taken.
  public func drawBox(width: Int, height: Int, using random: inout ViewRandom) -> CropBox {
    let area = Double(width) * Double(height)
    let logarithms = log(ratio[0])...log(ratio[1])
    for _ in 0..<10 {
      let target = area * random.uniform(in: scale[0]...scale[1])
      let aspect = exp(random.uniform(in: logarithms))
      let columns = Int((target * aspect).squareRoot().rounded(.toNearestOrEven))
      let rows = Int((target / aspect).squareRoot().rounded(.toNearestOrEven))
      guard (1...width).contains(columns), (1...height).contains(rows) else { continue }
      let top = drawPlace(below: height - rows + 1, using: &random)
      let left = drawPlace(below: width - columns + 1, using: &random)
      return CropBox(top: top, left: left, height: rows, width: columns)
    }
    return centeredBox(width: width, height: height)
  }

  /// A place from 0 up to, but not including, `bound`.
  private func drawPlace(below bound: Int, using random: inout ViewRandom) -> Int {
    guard placement < 1 else { return random.integer(below: bound) }
    return min(bound - 1, Int(random.beta(placement) * Double(bound)))
  }

  private func centeredBox(width: Int, height: Int) -> CropBox {
    let found = Double(width) / Double(height)
    var (rows, columns) = (height, width)
    if found < ratio[0] {
      rows = max(1, Int((Double(width) / ratio[0]).rounded(.toNearestOrEven)))
    } else if found > ratio[1] {
      columns = max(1, Int((Double(height) * ratio[1]).rounded(.toNearestOrEven)))
    }
    return CropBox(top: (height - rows) / 2, left: (width - columns) / 2, height: rows, width: columns)
  }
}

extension JitterRecipe {
  /// Draws whether there is a jitter, its factors and their order.
  func draw(using random: inout ViewRandom) -> JitterParameters? {
    guard random.happens(withProbability: probability) else { return nil }
    func factor(_ strength: Double) -> Double {
      random.uniform(in: max(0, 1 - strength)...(1 + strength))
    }
    return JitterParameters(
      brightness: factor(brightness), contrast: factor(contrast), saturation: factor(saturation),
      hue: random.uniform(in: -hue...hue), order: random.permutation(of: 4).map { JitterOperation.allCases[$0] })
  }
}

extension ErasingRecipe {
  /// Draws whether a rectangle of a view of `size` × `size` pixels is erased, and which.
  func draw(size: Int, using random: inout ViewRandom) -> CropBox? {
    guard random.happens(withProbability: probability) else { return nil }
    let logarithms = log(ratio[0])...log(ratio[1])
    for _ in 0..<10 {
      let area = Double(size * size) * random.uniform(in: scale[0]...scale[1])
      let aspect = exp(random.uniform(in: logarithms))
      let height = Int((area * aspect).squareRoot().rounded(.toNearestOrEven))
      let width = Int((area / aspect).squareRoot().rounded(.toNearestOrEven))
      guard height < size, width < size else { continue }
      let top = random.integer(below: size - height + 1)
      let left = random.integer(below: size - width + 1)
      return CropBox(top: top, left: left, height: height, width: width)
    }
    return nil
  }
}
