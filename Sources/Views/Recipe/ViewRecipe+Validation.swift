/// A value in a view recipe that no view can be made with.
public struct ViewRecipeError: Error, Equatable, CustomStringConvertible {
  /// Dotted path of the value as it is written in a configuration, such as `views.crop.scale`.
  public let keyPath: String
  /// The value found and the values allowed.
  public let problem: String

  /// The problem, its place and a remedy.
  public var description: String { "\(keyPath): \(problem)" }
}

extension ViewRecipe {
  /// Checks every value.
  ///
  /// - Parameter keyPath: Where the recipe stands in its configuration.
  /// - Throws: ``ViewRecipeError`` for the first value out of range.
  public func validate(at keyPath: String = "views") throws(ViewRecipeError) {
    let check = RecipeCheck(keyPath: keyPath)
    try check.value(size, "size", in: 1...8192)
    try check.range(crop.scale, "crop.scale", within: 0...1)
    try check.range(crop.ratio, "crop.ratio", within: 0...100)
    try check.value(crop.placement, "crop.placement", in: 0.05...1)
    try check.probability(flipProbability, "flip_probability")
    try check.probability(jitter.probability, "jitter.probability")
    try check.value(jitter.brightness, "jitter.brightness", in: 0...100)
    try check.value(jitter.contrast, "jitter.contrast", in: 0...100)
    try check.value(jitter.saturation, "jitter.saturation", in: 0...100)
    try check.value(jitter.hue, "jitter.hue", in: 0...0.5)
    try check.probability(grayscaleProbability, "grayscale_probability")
    try check.probability(blur.probability, "blur.probability")
    try check.value(blur.kernelSize, "blur.kernel_size", in: 1...1001)
    try check.require(
      blur.kernelSize % 2 == 1, "blur.kernel_size", "is \(blur.kernelSize), but a kernel has an odd number of pixels.")
    try check.range(blur.sigma, "blur.sigma", within: 0...100)
    try check.probability(solarize.probability, "solarize.probability")
    try check.value(solarize.threshold, "solarize.threshold", in: 0...256)
    try check.value(randAugment.operations, "rand_augment.operations", in: 0...16)
    try check.value(randAugment.magnitude, "rand_augment.magnitude", in: 0...RandAugmentRecipe.largestMagnitude)
    try check.probability(erasing.probability, "erasing.probability")
    try check.range(erasing.scale, "erasing.scale", within: 0...1)
    try check.range(erasing.ratio, "erasing.ratio", within: 0...100)
    try normalization.validate(at: "\(keyPath).normalization")
  }
}

extension Normalization {
  /// Checks that there are means and positive standard deviations, all of them finite.
  ///
  /// - Parameter keyPath: Where the normalization stands in its configuration.
  /// - Throws: ``ViewRecipeError`` for the first value out of range.
  public func validate(at keyPath: String = "normalization") throws(ViewRecipeError) {
    let check = RecipeCheck(keyPath: keyPath)
    for (values, name) in [(mean, "mean"), (standardDeviation, "standard_deviation")] {
      try check.require(
        !values.isEmpty, name, "is empty; give one entry for all channels together, or one for each.")
    }
    for value in mean { try check.value(value, "mean", in: -10...10) }
    for value in standardDeviation {
      try check.require(
        value > 0 && value.isFinite, "standard_deviation", "holds \(value), but a standard deviation is positive.")
    }
  }
}

/// Checks values of one configuration section and names them in errors.
private struct RecipeCheck {
  let keyPath: String

  func require(_ condition: Bool, _ name: String, _ problem: String) throws(ViewRecipeError) {
    if !condition { throw ViewRecipeError(keyPath: "\(keyPath).\(name)", problem: problem) }
  }

  func value<Value: Comparable>(_ value: Value, _ name: String, in bounds: ClosedRange<Value>) throws(ViewRecipeError) {
    try require(
      bounds.contains(value), name, "is \(value); give a value from \(bounds.lowerBound) to \(bounds.upperBound).")
  }

  func probability(_ value: Double, _ name: String) throws(ViewRecipeError) {
    try require((0...1).contains(value), name, "is \(value), but a probability is between 0 and 1.")
  }

  /// Two positive numbers, the smaller first.
  func range(_ values: [Double], _ name: String, within bounds: ClosedRange<Double>) throws(ViewRecipeError) {
    try require(values.count == 2, name, "has \(values.count) entries; give the smallest and the largest value.")
    try require(
      values[0] > bounds.lowerBound && values[1] <= bounds.upperBound, name,
      "is \(values); both values must be above \(bounds.lowerBound) and at most \(bounds.upperBound).")
    try require(values[0] <= values[1], name, "is \(values), but the smallest value comes first.")
  }
}
