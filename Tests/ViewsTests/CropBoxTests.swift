import Testing
import Views

@Suite struct CropBoxTests {
  @Test func intersectionOverUnionCountsPixels() {
    var random = ViewRandom(seed: 4, epoch: 0, sample: 0, view: 0)
    func box() -> CropBox {
      let (height, width) = (1 + random.integer(below: 9), 1 + random.integer(below: 9))
      return CropBox(
        top: random.integer(below: 12 - height), left: random.integer(below: 12 - width), height: height, width: width)
    }
    func pixels(_ box: CropBox) -> Set<Int> {
      Set((0..<box.area).map { (box.top + $0 / box.width) * 12 + box.left + $0 % box.width })
    }
    var disjoint = 0
    for _ in 0..<500 {
      let (first, second) = (box(), box())
      let (a, b) = (pixels(first), pixels(second))
      #expect(first.area == a.count)
      #expect(first.intersectionArea(with: second) == a.intersection(b).count)
      #expect(
        first.intersectionOverUnion(with: second) == Double(a.intersection(b).count) / Double(a.union(b).count))
      #expect(first.intersectionOverUnion(with: second) == second.intersectionOverUnion(with: first))
      #expect(first.intersectionOverUnion(with: first) == 1)
      if a.isDisjoint(with: b) { disjoint += 1 }
    }
    #expect(disjoint > 0 && disjoint < 500)
  }

  @Test func emptyBoxesDoNotOverlap() {
    let empty = CropBox(top: 0, left: 0, height: 0, width: 0)
    #expect(empty.intersectionOverUnion(with: empty) == 0)
  }
}
