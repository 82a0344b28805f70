import TestSupport
import Testing
import Torch

@Suite struct TensorTests {
  @Test func scalarsRoundTripInEveryType() {
    #expect(Tensor([1, -2, 3] as [Float]).scalars() == [1, -2, 3] as [Float])
    #expect(Tensor([1, -2, 3] as [Double]).dtype == .float64)
    #expect(Tensor([1, -2, 1 << 40]).scalars() == [1, -2, 1 << 40])
    #expect(Tensor([0, 255] as [UInt8]).converted(to: .float32).scalars() == [0, 255] as [Float])
  }

  @Test func operationsLeaveTheirOperandsAlone() {
    let x = Tensor([1, 2, 3] as [Float])
    var y = x
    y = y * 2.0
    y = y + x
    #expect(x.scalars() == [1, 2, 3] as [Float])
    #expect(y.scalars() == [3, 6, 9] as [Float])
  }

  @Test func permutedScalarsAreReadInRowMajorOrder() {
    let x = Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3]).transposed()
    #expect(x.shape == [3, 2])
    #expect(x.scalars() == [1, 4, 2, 5, 3, 6] as [Float])
  }

  @Test func borrowedMemoryIsReleasedWithTheLastTensor() {
    final class Owner: @unchecked Sendable {
      let memory = UnsafeMutablePointer<Float>.allocate(capacity: 8)
      let onRelease: () -> Void
      init(onRelease: @escaping () -> Void) { self.onRelease = onRelease }
      deinit {
        memory.deallocate()
        onRelease()
      }
    }
    var releases = 0
    do {
      let owner = Owner { releases += 1 }
      owner.memory.initialize(repeating: 2, count: 8)
      var tensor: Tensor? = Tensor(
        borrowing: UnsafeMutableRawBufferPointer(start: owner.memory, count: 32), shape: [1, 2, 2, 2], dtype: .float32,
        owner: owner)
      let image = tensor!.permuted([0, 3, 1, 2])
      tensor = nil
      #expect(image.isChannelsLast)
      #expect(image.sum().number == 16)
      #expect(releases == 0)
    }
    #expect(releases == 1)
  }

  @Test func gradientOfAProductIsTheOtherFactor() throws {
    let x = Tensor([3, -1] as [Float]).trainableCopy()
    let y = Tensor([2, 5] as [Float]).trainableCopy()
    (x * y).sum().backward()
    #expect(try #require(x.gradient).scalars() == [2, 5] as [Float])
    #expect(try #require(y.gradient).scalars() == [3, -1] as [Float])
  }

  @Test func stopGradientStops() {
    let x = Tensor([3] as [Float]).trainableCopy()
    (x * x.detached()).sum().backward()
    #expect(x.gradient?.scalars() == [3] as [Float])
    let z = withoutGradients { x * x }
    #expect(!z.requiresGradient)
  }

  @Test func autocastComputesProductsInTheNarrowType() {
    let x = Tensor.ones([4, 4])
    #expect(withAutocast(to: .bfloat16) { x.matmul(x) }.dtype == .bfloat16)
    #expect(withAutocast(to: .float32) { x.matmul(x) }.dtype == .float32)
    withAutocast(to: .bfloat16) {
      #expect(withAutocast(to: .float32) { x.matmul(x) }.dtype == .float32)
      #expect(x.matmul(x).dtype == .bfloat16)
    }
    #expect(x.matmul(x).dtype == .float32)
  }

  @Test func generatorContinuesFromASavedState() {
    let generator = Generator(seed: 7)
    _ = Tensor.normal([3], using: generator)
    let state = generator.state
    let next = Tensor.normal([5], using: generator).scalars(as: Float.self)
    let other = Generator(seed: 1)
    other.state = state
    #expect(Tensor.normal([5], using: other).scalars(as: Float.self) == next)
    #expect(Tensor.normal([5], using: Generator(seed: 8)).scalars(as: Float.self) != next)
  }

  @Test(arguments: [(1.0, 0.8796), (0.02, 0.02)])
  func truncatedNormalHasTheMomentsOfTheCutDistribution(standardDeviation: Double, expected: Double) {
    let draws = Tensor.truncatedNormal(
      [1 << 20], standardDeviation: standardDeviation, using: Generator(seed: 12)
    ).converted(to: .float64)
    #expect(abs(draws.mean().number) < 0.005 * expected)
    #expect(abs((draws * draws).mean().number.squareRoot() - expected) < 0.002 * expected)
    // This seed draws −1 exactly, which must not become a value a hundred deviations out.
    let bound = min(2, 5.6 * standardDeviation)
    #expect(draws.magnitude().maximum(along: 0).number <= bound)
  }

  @Test func largestAreInFallingOrder() {
    let (values, indices) = Tensor([1, 9, 4, 7] as [Float], shape: [1, 4]).largest(2)
    #expect(values.scalars() == [9, 7] as [Float])
    #expect(indices.scalars() == [1, 3])
  }

  @Test func argmaxTakesTheFirstOfEquals() {
    #expect(Tensor([2, 5, 5, 1] as [Float], shape: [4, 1]).argmax(along: 0).scalars() == [1])
  }

  @Test func cosineSimilarityIsTheNormalizedProduct() {
    let x = Tensor([3, 4] as [Float], shape: [1, 2])
    let y = Tensor([4, 3] as [Float], shape: [1, 2])
    #expect(abs(x.cosineSimilarity(to: y).number - 24.0 / 25) < 1e-6)
  }

  /// Attention in the narrow type, with its table held and without, is attention in the wide one, also backward.
  @Test(arguments: [7, 600]) func attentionIsTheSameInBothTypes(tokens: Int) {
    let generator = Generator(seed: 3)
    let parts = (0..<3).map { _ in Tensor.normal([2, 3, tokens, 8], using: generator) }
    func attended(as dtype: DType) -> (Tensor, [Tensor]) {
      let leaves = parts.map { $0.converted(to: dtype).trainableCopy() }
      let result = leaves[0].attending(to: leaves[1], values: leaves[2]).converted(to: .float32)
      (result * result).sum().backward()
      return (result.detached(), leaves.map { $0.gradient!.converted(to: .float32) })
    }
    let (wide, narrow) = (attended(as: .float32), attended(as: .bfloat16))
    #expect(relativeError(narrow.0, wide.0) < 0.02)
    for (mine, theirs) in zip(narrow.1, wide.1) { #expect(relativeError(mine, theirs) < 0.05) }
    // Against the definition.
    let scores = parts[0].matmul(parts[1].transposed()) * (1 / 8.0.squareRoot())
    #expect(relativeError(wide.0, scores.softmax().matmul(parts[2])) < 1e-5)
  }
}
