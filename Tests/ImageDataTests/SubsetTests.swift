import Testing

@testable import ImageData

@Suite struct SubsetTests {
  /// 50 images of class 0, 30 of class 1, 21 of class 2, mixed.
  static let dataset = StubDataset(
    labels: (0..<101).map { $0 % 2 == 0 && $0 < 100 ? 0 : $0 % 10 < 7 && $0 < 100 ? 1 : 2 })

  @Test func picksImagesLabelsAndNames() throws {
    let subset = Subset(Self.dataset, indices: [100, 3, 4])
    #expect(subset.count == 3 && subset.labels == [2, 1, 0])
    #expect(subset.name(at: 0) == "stub#100")
    #expect(try subset.image(at: 1) == Self.dataset.image(at: 3))
    #expect(subset.summary == "3 of 101 stubs")
  }

  @Test(arguments: [0, 0.1, 0.25, 0.5, 0.99, 1]) func splitsKeepProportions(fraction: Double) throws {
    let (remaining, heldOut) = Self.dataset.stratifiedSplit(fraction: fraction, seed: 3)
    #expect(heldOut.count == Int((101 * fraction).rounded()))
    #expect((remaining.indices + heldOut.indices).sorted() == Array(0..<101))
    #expect(remaining.indices == remaining.indices.sorted() && heldOut.indices == heldOut.indices.sorted())
    for label in 0..<3 {
      let whole = Self.dataset.labels!.filter { $0 == label }.count
      let part = heldOut.labels!.filter { $0 == label }.count
      #expect(abs(Double(part) - Double(whole) * Double(heldOut.count) / 101) < 1)
    }
  }

  @Test func dependsOnTheSeedAlone() {
    let first = Self.dataset.stratifiedSplit(fraction: 0.3, seed: 5).heldOut.indices
    #expect(Self.dataset.stratifiedSplit(fraction: 0.3, seed: 5).heldOut.indices == first)
    #expect(Self.dataset.stratifiedSplit(fraction: 0.3, seed: 6).heldOut.indices != first)
  }

  @Test func limitsExactly() {
    for count in [0, 1, 2, 50, 101, 5_000] {
      #expect(Self.dataset.limited(to: count, seed: 1).count == min(count, 101))
    }
    #expect(StubDataset(count: 40).limited(to: 7, seed: 1).count == 7)
    #expect(StubDataset(count: 40).limited(to: 7, seed: 1).labels == nil)
  }
}
