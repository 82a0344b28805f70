/// What a corruption is made with, computed once for all images; lengths in pixels, values in shares of white.
enum CorruptionConstants: Sendable {
  case gaussianNoise(deviation: Double)
  case shotNoise(PoissonTable)
  case impulseNoise(share: Double)
  case defocusBlur(disk: [Planes.Tap])
  case glassBlur(sigma: Double, reach: Int, iterations: Int)
  case motionBlur(radius: Int, sigma: Double)
  case zoomBlur(end: Double, step: Double)
  case snow(Snow)
  case frost(image: Double, ice: Double)
  case fog(amount: Double, decay: Double)
  case brightness(Double)
  case contrast(Double)
  case elasticTransform(amplitude: Double, sigma: Double, jitter: Double)
  case pixelate(scale: Double)
  case jpegCompression(quality: Int)

  struct Snow: Sendable {
    var mean, deviation, zoom, threshold: Double
    var radius: Int
    var sigma, remainder: Double
  }

  /// The published constants of a severity from 1 to 5.
  ///
  /// `make_imagenet_c.py` and `make_cifar_c.py` of the published repository (hendrycks/robustness).
  init(_ corruption: Corruption, severity: Int, scale: CorruptionScale) {
    func pick<Value>(imageNet: [Value], cifar: [Value]) -> Value {
      (scale == .imageNet ? imageNet : cifar)[severity - 1]
    }
    func snow(_ values: [Double]) -> Snow {
      Snow(
        mean: values[0], deviation: values[1], zoom: values[2], threshold: values[3], radius: Int(values[4]),
        sigma: values[5], remainder: values[6])
    }
    switch corruption {
    case .gaussianNoise:
      self = .gaussianNoise(
        deviation: pick(imageNet: [0.08, 0.12, 0.18, 0.26, 0.38], cifar: [0.04, 0.06, 0.08, 0.09, 0.1]))
    case .shotNoise:
      self = .shotNoise(
        PoissonTable(photons: pick(imageNet: [60, 25, 12, 5, 3], cifar: [500, 250, 100, 75, 50])))
    case .impulseNoise:
      self = .impulseNoise(
        share: pick(imageNet: [0.03, 0.06, 0.09, 0.17, 0.27], cifar: [0.01, 0.02, 0.03, 0.05, 0.07]))
    case .defocusBlur:
      let (radius, aliasBlur) = pick(
        imageNet: [(3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5)],
        cifar: [(0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1, 0.2), (1.5, 0.1)])
      self = .defocusBlur(disk: Planes.disk(radius: radius, aliasBlur: aliasBlur))
    case .glassBlur:
      let (sigma, reach, iterations) = pick(
        imageNet: [(0.7, 1, 2), (0.9, 2, 1), (1, 2, 3), (1.1, 3, 2), (1.5, 4, 2)],
        cifar: [(0.05, 1, 1), (0.25, 1, 1), (0.4, 1, 1), (0.25, 1, 2), (0.4, 1, 2)])
      self = .glassBlur(sigma: sigma, reach: reach, iterations: iterations)
    case .motionBlur:
      let (radius, sigma) = pick(
        imageNet: [(10, 3.0), (15, 5), (15, 8), (15, 12), (20, 15)],
        cifar: [(6, 1), (6, 1.5), (6, 2), (8, 2), (9, 2.5)])
      self = .motionBlur(radius: radius, sigma: sigma)
    case .zoomBlur:
      let (end, step) = pick(
        imageNet: [(1.11, 0.01), (1.16, 0.01), (1.21, 0.02), (1.26, 0.02), (1.31, 0.03)],
        cifar: [(1.06, 0.01), (1.11, 0.01), (1.16, 0.01), (1.21, 0.01), (1.26, 0.01)])
      self = .zoomBlur(end: end, step: step)
    case .snow:
      self = .snow(
        snow(
          pick(
            imageNet: [
              [0.1, 0.3, 3, 0.5, 10, 4, 0.8], [0.2, 0.3, 2, 0.5, 12, 4, 0.7], [0.55, 0.3, 4, 0.9, 12, 8, 0.7],
              [0.55, 0.3, 4.5, 0.85, 12, 8, 0.65], [0.55, 0.3, 2.5, 0.85, 12, 12, 0.55],
            ],
            cifar: [
              [0.1, 0.2, 1, 0.6, 8, 3, 0.95], [0.1, 0.2, 1, 0.5, 10, 4, 0.9], [0.15, 0.3, 1.75, 0.55, 10, 4, 0.9],
              [0.25, 0.3, 2.25, 0.6, 12, 6, 0.85], [0.3, 0.3, 1.25, 0.65, 14, 12, 0.8],
            ])))
    case .frost:
      let (image, ice) = pick(
        imageNet: [(1, 0.4), (0.8, 0.6), (0.7, 0.7), (0.65, 0.7), (0.6, 0.75)],
        cifar: [(1, 0.2), (1, 0.3), (0.9, 0.4), (0.85, 0.4), (0.75, 0.45)])
      self = .frost(image: image, ice: ice)
    case .fog:
      let (amount, decay) = pick(
        imageNet: [(1.5, 2.0), (2, 2), (2.5, 1.7), (2.5, 1.5), (3, 1.4)],
        cifar: [(0.2, 3), (0.5, 3), (0.75, 2.5), (1, 2), (1.5, 1.75)])
      self = .fog(amount: amount, decay: decay)
    case .brightness:
      self = .brightness(pick(imageNet: [0.1, 0.2, 0.3, 0.4, 0.5], cifar: [0.05, 0.1, 0.15, 0.2, 0.3]))
    case .contrast:
      self = .contrast(pick(imageNet: [0.4, 0.3, 0.2, 0.1, 0.05], cifar: [0.75, 0.5, 0.4, 0.3, 0.15]))
    case .elasticTransform:
      // In shares of a side, which the published scripts take to be 244 and 32 pixels.
      let (amplitude, sigma, jitter) = pick(
        imageNet: [(2, 0.7, 0.1), (2, 0.08, 0.2), (0.05, 0.01, 0.02), (0.07, 0.01, 0.02), (0.12, 0.01, 0.02)],
        cifar: [(0, 0, 0.08), (0.05, 0.2, 0.07), (0.08, 0.06, 0.06), (0.1, 0.04, 0.05), (0.1, 0.03, 0.03)])
      let side: Double = scale == .imageNet ? 244 : 32
      self = .elasticTransform(amplitude: side * amplitude, sigma: side * sigma, jitter: side * jitter)
    case .pixelate:
      self = .pixelate(scale: pick(imageNet: [0.6, 0.5, 0.4, 0.3, 0.25], cifar: [0.95, 0.9, 0.85, 0.75, 0.65]))
    case .jpegCompression:
      self = .jpegCompression(quality: pick(imageNet: [25, 18, 15, 10, 7], cifar: [80, 65, 58, 50, 40]))
    }
  }
}
