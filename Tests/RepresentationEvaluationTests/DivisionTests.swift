import ImageData
import RepresentationEvaluation
import Testing
import Views

/// Labels without pixels.
private struct LabelsOnly: ImageDataset {
  var labels: [Int]?
  var classNames: [String]?
  var count: Int { labels?.count ?? 3 }
  var summary: String { "\(count) images (made up)" }

  func source(at index: Int) throws(ImageError) -> any ImageSource {
    Image(width: 1, height: 1, channels: 1, pixels: [0])
  }
  func name(at index: Int) -> String { "\(index)" }
}

@Suite struct DivisionTests {
  private func positions(_ images: any ImageDataset) -> [Int] { (images as? Subset)?.indices ?? [] }

  @Test func aShareOfEveryClassIsHeldOut() throws {
    // 100, 10, 3 and 2 images of four classes, mixed.
    let labels = (0..<115).map {
      $0 % 7 == 0 && $0 < 70 ? 1 : [112, 113, 114].contains($0) ? 2 : $0 == 5 || $0 == 6 ? 3 : 0
    }
    let images = LabelsOnly(labels: labels)
    let division = try LabelledDivision(images, holdingOut: 0.2, seed: 3)
    let (train, test) = (positions(division.train), positions(division.test))
    #expect(Set(train).isDisjoint(with: test) && (train + test).sorted() == Array(0..<115))
    #expect((0..<4).map { label in test.count { labels[$0] == label } } == [20, 2, 1, 1])
    #expect(division.origin == .init(kind: .heldOut, heldOutShare: 0.2, seed: 3))
    let again = try LabelledDivision(images, holdingOut: 0.2, seed: 3)
    #expect(positions(again.test) == test)
    #expect(positions(try LabelledDivision(images, holdingOut: 0.2, seed: 4).test) != test)
    // A class keeps at least one image to learn from.
    let most = try LabelledDivision(images, holdingOut: 0.99, seed: 0)
    #expect((0..<4).map { label in positions(most.train).count { labels[$0] == label } } == [1, 1, 1, 1])
  }

  @Test func imagesThatCannotBeDividedAreNamed() {
    let single = LabelsOnly(labels: [0, 0, 1, 2, 2, 3], classNames: ["cat", "dog", "emu", "fox"])
    #expect(throws: DivisionError.singleImages(classes: ["'dog'", "'fox'"])) {
      try LabelledDivision(single, holdingOut: 0.5, seed: 0)
    }
    #expect(throws: DivisionError.oneClass("7")) {
      try LabelledDivision(LabelsOnly(labels: [7, 7, 7]), holdingOut: 0.5, seed: 0)
    }
    #expect(throws: DivisionError.oneClass("7")) { try LabelledDivision(leavingOneOutOf: LabelsOnly(labels: [7, 7])) }
    let unlabelled = LabelsOnly(labels: nil)
    #expect(throws: MissingLabelsError.self) { try LabelledDivision(unlabelled, holdingOut: 0.5, seed: 0) }
    #expect(throws: MissingLabelsError.self) { try LabelledDivision(leavingOneOutOf: unlabelled) }
    #expect(throws: MissingLabelsError.self) { try LabelledDivision(train: single, test: unlabelled, kind: .twoSets) }
  }

  /// Classes of two sets are the same where their names are, whatever their numbers.
  @Test func classesOfTwoSetsAreMatchedByName() throws {
    let train = LabelsOnly(labels: [0, 1, 2], classNames: ["cat", "dog", "emu"])
    let test = LabelsOnly(labels: [0, 0, 1, 2], classNames: ["dog", "fox", "cat"])
    #expect(throws: DivisionError.unknownClasses(["'fox'"], images: 1, of: 4)) {
      try LabelledDivision(train: train, test: test, kind: .twoSets)
    }
    let ignoring = try LabelledDivision(train: train, test: test, kind: .twoSets, unknownClasses: .ignored)
    #expect(ignoring.test.labels == [1, 1, 0] && ignoring.origin.ignoredImages == 1)
    #expect((0..<3).map(ignoring.test.name(at:)) == ["0", "1", "3"])
    let apart = LabelsOnly(labels: [0, 1], classNames: ["gnu", "hen"])
    #expect(throws: DivisionError.nothingInCommon(train: ["'cat'", "'dog'", "'emu'"], test: ["'gnu'", "'hen'"])) {
      try LabelledDivision(train: train, test: apart, kind: .twoSets, unknownClasses: .ignored)
    }
    // Two classes of one name stay two, as 'crane' does in some lists of ImageNet's classes.
    let birds = LabelsOnly(labels: [0, 1, 2], classNames: ["crane", "dog", "crane"])
    #expect(try LabelledDivision(train: birds, test: birds, kind: .testSplit).test.labels == [0, 1, 2])
    // Without names on both sides, numbers are classes.
    let numbers = try LabelledDivision(train: train, test: LabelsOnly(labels: [2, 0]), kind: .twoSets)
    #expect(numbers.test.labels == [2, 0])
    #expect(throws: DivisionError.unknownClasses(["5"], images: 1, of: 2)) {
      try LabelledDivision(train: LabelsOnly(labels: [0, 2]), test: LabelsOnly(labels: [5, 2]), kind: .testSplit)
    }
  }
}
