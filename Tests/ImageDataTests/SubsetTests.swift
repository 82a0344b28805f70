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
    let labels = Self.dataset.labels!
    let split = stratifiedSplit(labels: labels, fraction: fraction, seed: 3)
    #expect(split.heldOut.count == Int((101 * fraction).rounded()))
    #expect((split.kept + split.heldOut).sorted() == Array(0..<101))
    #expect(split.kept == split.kept.sorted() && split.heldOut == split.heldOut.sorted())
    for label in 0..<3 {
      let whole = labels.filter { $0 == label }.count
      let part = split.heldOut.filter { labels[$0] == label }.count
      #expect(abs(Double(part) - Double(whole) * Double(split.heldOut.count) / 101) < 1)
    }
  }

  @Test func splitDependsOnTheSeedAlone() {
    func heldOut(_ seed: UInt64) -> [Int] {
      stratifiedSplit(labels: Self.dataset.labels!, fraction: 0.3, seed: seed).heldOut
    }
    #expect(heldOut(5) == heldOut(5))
    #expect(heldOut(5) != heldOut(6))
  }

  @Test func largestRemaindersGetThePlacesLeftOver() {
    // The shares of 4 images are 1.98, 1.19 and 0.83.
    #expect(Self.dataset.limited(to: 4, seed: 9).labels?.sorted() == [0, 0, 1, 2])
  }

  @Test func limitsExactly() {
    for count in [0, 1, 2, 50, 101, 5_000] {
      #expect(Self.dataset.limited(to: count, seed: 1).count == min(count, 101))
    }
    #expect(StubDataset(count: 40).limited(to: 7, seed: 1).count == 7)
    #expect(StubDataset(count: 40).limited(to: 7, seed: 1).labels == nil)
  }
}
