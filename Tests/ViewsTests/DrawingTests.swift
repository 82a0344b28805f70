import Testing
import Views

@Suite struct DrawingTests {
  private func draw(_ recipe: ViewRecipe, count: Int, width: Int = 64, height: Int = 48) -> [ViewParameters] {
    (0..<count).map { sample in
      var random = ViewRandom(seed: 11, epoch: 0, sample: sample, view: 0)
      return recipe.drawParameters(width: width, height: height, using: &random)
    }
  }

  private func share(_ parameters: [ViewParameters], _ condition: (ViewParameters) -> Bool) -> Double {
    Double(parameters.count(where: condition)) / Double(parameters.count)
  }

  @Test func probabilitiesAreTheRecipes() {
    var recipe = ViewRecipe(flipProbability: 0.3, grayscaleProbability: 0.15)
    recipe.jitter.probability = 0.7
    recipe.blur.probability = 0.1
    recipe.solarize.probability = 0.25
    let drawn = draw(recipe, count: 20_000)
    // Four standard deviations of the largest share.
    let tolerance = 0.014
    #expect(abs(share(drawn) { $0.isFlipped } - 0.3) < tolerance)
    #expect(abs(share(drawn) { $0.jitter != nil } - 0.7) < tolerance)
    #expect(abs(share(drawn) { $0.isGrayscale } - 0.15) < tolerance)
    #expect(abs(share(drawn) { $0.blurSigma != nil } - 0.1) < tolerance)
    #expect(abs(share(drawn) { $0.isSolarized } - 0.25) < tolerance)
    #expect(abs(share(drawn) { $0.isFlipped && $0.isGrayscale } - 0.045) < tolerance)
  }

  @Test(arguments: [0.0, 1.0]) func certainEventsAreCertain(probability: Double) {
    var recipe = ViewRecipe(flipProbability: probability, grayscaleProbability: probability)
    recipe.jitter.probability = probability
    recipe.blur.probability = probability
    recipe.solarize.probability = probability
    let isCertain = probability == 1
    for parameters in draw(recipe, count: 500) {
      #expect(parameters.isFlipped == isCertain)
      #expect((parameters.jitter != nil) == isCertain)
      #expect(parameters.isGrayscale == isCertain)
      #expect((parameters.blurSigma != nil) == isCertain)
      #expect(parameters.isSolarized == isCertain)
    }
  }

  @Test func factorsFillTheirRanges() throws {
    var recipe = ViewRecipe()
    recipe.jitter = JitterRecipe(probability: 1, brightness: 0.4, contrast: 1.5, saturation: 0, hue: 0.2)
    recipe.blur.probability = 1
    let drawn = draw(recipe, count: 4000)
    let jitters = drawn.compactMap(\.jitter)
    func expectRange(_ values: [Double], _ range: ClosedRange<Double>) throws {
      let (low, high) = try (#require(values.min()), #require(values.max()))
      let margin = 0.01 * (range.upperBound - range.lowerBound)
      #expect(low >= range.lowerBound && low <= range.lowerBound + margin)
      #expect(high <= range.upperBound && high >= range.upperBound - margin)
    }
    try expectRange(jitters.map(\.brightness), 0.6...1.4)
    try expectRange(jitters.map(\.contrast), 0...2.5)
    try expectRange(jitters.map(\.saturation), 1...1)
    try expectRange(jitters.map(\.hue), -0.2...0.2)
    try expectRange(drawn.compactMap(\.blurSigma), 0.1...2)
    #expect(Set(jitters.map(\.order)).count == 24)
    #expect(jitters.allSatisfy { Set($0.order).count == 4 })
  }

  @Test func drawsAreAFunctionOfTheirCoordinates() {
    func draw(seed: UInt64 = 1, epoch: Int = 0, sample: Int = 0, view: Int = 0) -> ViewParameters {
      var random = ViewRandom(seed: seed, epoch: epoch, sample: sample, view: view)
      return ViewRecipe().drawParameters(width: 500, height: 375, using: &random)
    }
    #expect(draw() == draw())
    #expect(Set([draw(), draw(seed: 2), draw(epoch: 1), draw(sample: 1), draw(view: 1)].map(\.crop)).count == 5)
  }

  /// Means over four views of a 500×375 image, found by an independent simulation of the published pipeline.
  @Test(arguments: [
    (scale: [0.2, 1], random: 0.473, smallest: 0.285, low: 0.192),
    (scale: [0.25, 1], random: 0.510, smallest: 0.327, low: 0.117),
    (scale: [0.4, 1], random: 0.610, smallest: 0.452, low: 0.025),
    (scale: [0.08, 1], random: 0.381, smallest: 0.183, low: 0.398),
  ])
  func overlapOfFourViews(scale: [Double], random: Double, smallest: Double, low: Double) {
    let crop = CropRecipe(scale: scale)
    var (pairSum, smallestSum, lowCount) = (0.0, 0.0, 0)
    let images = 8000
    for sample in 0..<images {
      let boxes = (0..<4).map { view in
        var random = ViewRandom(seed: 5, epoch: 0, sample: sample, view: view)
        return crop.drawBox(width: 500, height: 375, using: &random)
      }
      var least = 1.0
      for first in 0..<3 {
        for second in (first + 1)..<4 {
          let overlap = boxes[first].intersectionOverUnion(with: boxes[second])
          pairSum += overlap
          least = min(least, overlap)
          if overlap <= 0.3 { lowCount += 1 }
        }
      }
      smallestSum += least
    }
    #expect(abs(pairSum / Double(6 * images) - random) < 0.01)
    #expect(abs(smallestSum / Double(images) - smallest) < 0.01)
    #expect(abs(Double(lowCount) / Double(6 * images) - low) < 0.01)
  }

  /// Beta(α, α) has the mean ½ and the variance 1 / (4 (2α + 1)); crops placed by it overlap less the smaller α is.
  @Test(arguments: [(0.2, 0.417), (0.6, 0.475), (1.0, 0.510)]) func placesFollowABetaDistribution(
    placement: Double, overlap: Double
  ) {
    // A crop of a fixed size has 101 × 101 places.
    let fixed = CropRecipe(scale: [0.25, 0.25], ratio: [1, 1], placement: placement)
    let usual = CropRecipe(scale: [0.25, 1], placement: placement)
    let images = 8000
    var (sum, squares, overlaps) = (0.0, 0.0, 0.0)
    for sample in 0..<images {
      func box(_ crop: CropRecipe, side: (Int, Int), view: Int) -> CropBox {
        var random = ViewRandom(seed: 5, epoch: 0, sample: sample, view: view)
        return crop.drawBox(width: side.0, height: side.1, using: &random)
      }
      let place = (Double(box(fixed, side: (200, 200), view: 0).left) + 0.5) / 101
      sum += place
      squares += place * place
      overlaps += box(usual, side: (500, 375), view: 0)
        .intersectionOverUnion(with: box(usual, side: (500, 375), view: 1))
    }
    let mean = sum / Double(images)
    #expect(abs(mean - 0.5) < 0.015)
    #expect(abs(squares / Double(images) - mean * mean - 1 / (4 * (2 * placement + 1))) < 0.005)
    #expect(abs(overlaps / Double(images) - overlap) < 0.012)
  }

  @Test(arguments: [(1, 1), (1, 500), (500, 1), (2, 3), (3000, 10)])
  func boxesLieInsideImagesOfAnyShape(width: Int, height: Int) {
    for parameters in draw(ViewRecipe(), count: 300, width: width, height: height) {
      let box = parameters.crop
      #expect(box.height >= 1 && box.width >= 1 && box.top >= 0 && box.left >= 0)
      #expect(box.top + box.height <= height && box.left + box.width <= width)
    }
  }

  /// No box of these ratios fits, so the centered fallback is taken: 3000×10 gives 13×10 in the middle.
  @Test func extremeShapesFallBackToTheCenter() {
    let recipe = ViewRecipe(crop: CropRecipe(scale: [0.9, 1]))
    for parameters in draw(recipe, count: 20, width: 3000, height: 10) {
      #expect(parameters.crop == CropBox(top: 0, left: 1493, height: 10, width: 13))
    }
    for parameters in draw(recipe, count: 20, width: 10, height: 3000) {
      #expect(parameters.crop == CropBox(top: 1493, left: 0, height: 13, width: 10))
    }
  }
}
