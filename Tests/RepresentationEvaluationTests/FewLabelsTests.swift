@testable import RepresentationEvaluation
import Statistics
import Testing
import Torch

@Suite struct FewLabelsTests {
  let train = clusters(40, seed: 1, spread: 0.4)
  let test = clusters(25, seed: 2, spread: 0.4)

  @Test(arguments: FewLabels.Classifier.allCases) func moreLabelsHelp(classifier: FewLabels.Classifier) throws {
    var protocolOfFew = FewLabels()
    (protocolOfFew.classifier, protocolOfFew.draws) = (classifier, 3)
    let amounts = try protocolOfFew.evaluate(train: train, test: test).amounts
    #expect(
      amounts.map(\.labels) == [
        "1 % of labels", "10 % of labels", "1 label per class", "5 labels per class", "10 labels per class",
      ])
    // One percent of 40 is less than one image; each class has one all the same.
    #expect(amounts.map(\.images) == [4, 16, 4, 20, 40])
    #expect(amounts[4].top1 > amounts[2].top1 + 0.05 && amounts[4].top1 > 0.8)
    for amount in amounts {
      #expect(amount.draws.count == 3 && amount.interval.lower < amount.top1 && amount.top1 < amount.interval.upper)
      let mean = amount.draws.reduce(0, +) / 3
      let variance = amount.draws.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 2
      #expect(
        abs(amount.top1 - mean) < 1e-12 && abs(amount.standardDeviation! * amount.standardDeviation! - variance) < 1e-12
      )
    }
  }

  /// Images are drawn by class and seed, and more labels include the fewer.
  @Test func drawsAreNestedAndOfEveryClass() {
    let labels = (0..<300).map { $0 * $0 % 7 }
    let (three, five) = (
      FewLabels.draw(2, of: labels, seed: 9) { _ in 3 }, FewLabels.draw(2, of: labels, seed: 9) { _ in 5 }
    )
    #expect(Set(five).isSuperset(of: three))
    #expect(Dictionary(grouping: five) { labels[$0] }.values.allSatisfy { $0.count == 5 })
    #expect(five == five.sorted() && Set(five).count == five.count)
    #expect(FewLabels.draw(3, of: labels, seed: 9) { _ in 5 } != five)
    #expect(FewLabels.draw(2, of: labels, seed: 8) { _ in 5 } != five)
  }

  @Test func classesWithTooFewImagesAreNamed() throws {
    var scarce = train.subset(train.labels.indices.filter { train.labels[$0] != 2 || $0 < 20 })
    scarce.classNames = ["cat", "dog", "emu", "fox"]
    let error = #expect(throws: EvaluationDataError.self) { try FewLabels().evaluate(train: scarce, test: test) }
    #expect(error == .scarceClasses([.init(name: "'emu'", images: 5)], needed: 10))
    #expect(error?.description.contains("'emu' (5). Draw at most 5 per class") == true)
    #expect(FewLabels().fitting(scarce).perClass == [1, 5])
    #expect(try FewLabels().fitting(scarce).evaluate(train: scarce, test: test).amounts.count == 4)
  }
}
