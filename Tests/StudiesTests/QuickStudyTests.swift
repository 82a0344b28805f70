import Foundation
import HardViewPretraining
import NeuralNetworks
import RunConfiguration
import TestSupport
import Testing

@testable import Studies

/// How a quick study shares out its time.
@Suite struct QuickStudyTests {
  /// 0.01 s an image and epoch by all arms together.
  private func plan(_ budget: Double, images: Int = 1000) -> QuickStudy.Plan {
    QuickStudy.Plan(budget: budget, imageCount: images, secondsPerImage: 0.01, leastImages: 200, mostEpochs: 100)
  }

  @Test func pairsComeFirstThenEpochsThenImages() {
    // 80 % of the time: 600 passes over all images are six pairs of 100 epochs.
    #expect(plan(7500).pairs == 6 && plan(7500).epochs == 100 && plan(7500).limit == 0)
    #expect(plan(15_000).pairs == 12 && plan(15_000).epochs == 100)
    #expect(plan(1e9).pairs == 20)
    #expect(plan(3750).pairs == 6 && plan(3750).epochs == 50 && plan(3750).limit == 0)
    // Half of the images for 20 epochs.
    #expect(plan(750).pairs == 6 && plan(750).epochs == 20 && plan(750).limit == 500)
    // As few images as make sense, for fewer epochs; then fewer pairs.
    #expect(plan(150).pairs == 6 && plan(150).epochs == 10 && plan(150).limit == 200)
    #expect(plan(30).pairs == 4 && plan(30).epochs == 3 && plan(30).limit == 200)
    #expect(plan(1).pairs == 1)
    #expect(plan(10, images: 100).limit == 0)
    #expect(plan(750).seconds == 750 && plan(1).seconds == 7.5)
    let error = QuickStudyError(path: "photos", problem: .tooLittleTime(1, needed: 12.6))
    #expect("\(error)".contains("takes about 13 s") && "\(error)".contains("Raise --budget"))
  }

  @Test func recipesFitTheChannels() {
    #expect([1, 3, 4, 8].map(QuickStudy.recipe).allSatisfy { Recipes.names.contains($0) })
    #expect(Set([1, 3, 4].map(QuickStudy.recipe)).count == 3)
  }

  @Test func looksAtTheImagesAndTimesSteps() throws {
    try withTemporaryDirectory { folder in
      let data = try SyntheticImages.writeIDX(in: folder, train: 24, test: 12)
      let quick = try QuickStudy(data: data, budget: 1e9, warmUpSteps: 1, rounds: 1)
      #expect(quick.study.arms.map(\.name) == ["untrained", "random", "hard", "all", "random-longer"])
      #expect(quick.study.seeds.count == 20)
      let all = quick.study.configuration(of: "all", in: quick.study.conditions[0]).values
      #expect(all.backbone.channels == 1 && all.training.batchSize == 6 && all.training.epochs == 100)
      #expect(all.method.string(at: "targets") == "mean" && all.data.path == data && all.data.limit == 0)
      #expect(
        quick.remarks[2].hasSuffix("that is 20 pairs of 100 epochs on all 24 images, by the recipe simsiam-gray-small.")
      )
    }
  }
}
