import RepresentationEvaluation
import Statistics
import Testing
import Torch

@Suite struct OutlierTests {
  let train = clusters(30, seed: 1, spread: 0.2)
  let test = clusters(20, seed: 2, spread: 0.2)
  private var detection: OutlierDetection {
    var detection = OutlierDetection()
    detection.neighbour = 3
    return detection
  }

  /// Classes that are taken out are the outliers of what remains.
  @Test func classesAreTakenOut() throws {
    func part(_ images: LabelledFeatures, _ classes: Set<Int>) -> LabelledFeatures {
      images.subset(images.labels.indices.filter { classes.contains(images.labels[$0]) })
    }
    let expected = try detection.evaluate(
      train: part(train, [0, 2]), test: part(test, [0, 2]), outliers: part(test, [1, 3]))
    #expect((expected.trainingImages, expected.images, expected.outliers) == (60, 40, 40))
    #expect(expected.auroc > 0.95 && expected.falsePositiveRate < 0.2)
    // Outliers far away from everything: the rate is known only as well as there are outliers.
    let far = LabelledFeatures(features: test.features * -1.0, labels: test.labels)
    let apart = try detection.evaluate(train: train, test: test, outliers: far)
    #expect(apart.falsePositiveRate == 0 && apart.falsePositiveRateInterval == .wilson(0, of: 80))
    let numbered = try detection.evaluate(train: train, test: test, outlierClasses: ["3", "1"])
    #expect(numbered.measures == expected.measures)
    var named = train
    named.classNames = ["cat", "dog", "emu", "fox"]
    #expect(
      try detection.evaluate(train: named, test: test, outlierClasses: ["dog", "fox"]).measures == expected.measures)
    #expect(throws: EvaluationDataError.noSuchClasses(["owl"], known: ["'cat'", "'dog'", "'emu'", "'fox'"])) {
      try detection.evaluate(train: named, test: test, outlierClasses: ["dog", "owl"])
    }
    #expect(throws: EvaluationDataError.nothingRemains("training images", without: ["0", "1", "2", "3"])) {
      try detection.evaluate(train: train, test: test, outlierClasses: ["0", "1", "2", "3"])
    }
  }

  @Test func imagesThatCannotBeMeasuredAreRefused() throws {
    var deep = detection
    deep.neighbour = 121
    #expect(throws: EvaluationDataError.tooManyNeighbours(121, images: 120)) {
      try deep.evaluate(train: train, test: test, outliers: test)
    }
    #expect(throws: EvaluationDataError.noImages(split: "outlier")) {
      try detection.evaluate(train: train, test: test, outliers: test.subset([]))
    }
  }

  /// The same images are no outliers: by chance.
  @Test func theSameImagesAreAtChance() throws {
    let result = try detection.evaluate(train: train, test: test, outliers: test)
    #expect(abs(result.auroc - 0.5) < 1e-9 && result.falsePositiveRate >= 0.95)
    #expect(result.measures.map(\.lowerIsBetter) == [false, true])
  }
}
