import Foundation
import RepresentationEvaluation
import TestSupport
import Testing
import Torch

@Suite struct EvaluationTests {
  /// The protocol, image by image and neighbour by neighbour.
  private func bruteForce(
    _ train: LabelledFeatures, _ test: LabelledFeatures, k: Int, temperature: Double
  ) -> (top1: Double, top5: Double) {
    let width = train.features.shape[1]
    let bank = train.features.scalars(as: Double.self)
    let queries = test.features.scalars(as: Double.self)
    func row(_ values: [Double], _ i: Int) -> [Double] { Array(values[i * width..<(i + 1) * width]) }
    func product(_ a: [Double], _ b: [Double]) -> Double {
      var sum = 0.0
      for (x, y) in zip(a, b) { sum += x * y }
      return sum
    }
    func cosine(_ a: [Double], _ b: [Double]) -> Double {
      product(a, b) / (product(a, a) * product(b, b)).squareRoot()
    }
    var top1 = 0
    var top5 = 0
    for i in 0..<test.count {
      let nearest = (0..<train.count).map { (cosine(row(queries, i), row(bank, $0)), train.labels[$0]) }
        .sorted { $0.0 > $1.0 }.prefix(k)
      var votes = [Int: Double]()
      for (similarity, label) in nearest { votes[label, default: 0] += exp(similarity / temperature) }
      let ranked = votes.sorted { $0.value > $1.value }.map(\.key)
      if ranked.first == test.labels[i] { top1 += 1 }
      if ranked.prefix(5).contains(test.labels[i]) { top5 += 1 }
    }
    return (Double(top1) / Double(test.count), Double(top5) / Double(test.count))
  }

  @Test(arguments: [1, 5, 20])
  func nearestNeighboursEqualBruteForce(k: Int) throws {
    let train = clusters(30, seed: 1, spread: 0.8, classes: 7)
    let test = clusters(20, seed: 2, spread: 0.8, classes: 7)
    var neighbours = NearestNeighbours()
    neighbours.neighbours = [k]
    let result = try neighbours.evaluate(train: train, test: test).votes[0].accuracy
    let expected = bruteForce(train, test, k: k, temperature: 0.07)
    #expect(result.top1 == expected.top1)
    #expect(result.top5 == expected.top5)
    #expect(expected.top1 > 0.3 && expected.top1 < 0.95)
  }

  /// Each image among all others, as if there were a training set for each.
  @Test(arguments: [1, 5]) func leavingOneOutEqualsBruteForce(k: Int) throws {
    let images = clusters(80, seed: 1, spread: 0.8, classes: 7)
    var neighbours = NearestNeighbours()
    neighbours.neighbours = [k]
    let result = try neighbours.evaluate(leavingOneOut: images).votes[0].accuracy
    let hits = (0..<images.count).reduce(0.0) { sum, one in
      let others = images.subset((0..<images.count).filter { $0 != one })
      return sum + bruteForce(others, images.subset([one]), k: k, temperature: 0.07).top1
    }
    #expect(abs(result.top1 - hits / Double(images.count)) < 1e-9)
    #expect(result.top1 > 0.3 && result.top1 < 0.95)
    // An image that was its own neighbor would always be right.
    let alone = LabelledFeatures(features: .identity(6) + 0.1, labels: Array(0..<6))
    #expect(try neighbours.evaluate(leavingOneOut: alone).votes[0].accuracy.top1 == 0)
  }

  /// Which of two equally similar images is among the nearest does not depend on how many neighbors are asked for.
  @Test func equalCosinesAreOrderedAlikeForAllNumbersOfNeighbours() throws {
    // Few directions, each of many images of all classes.
    let directions = clusters(1, seed: 1, spread: 0.4, classes: 7)
    let train = LabelledFeatures(
      features: directions.features.selecting(Tensor((0..<700).map { $0 / 100 })), labels: (0..<700).map { $0 * 5 % 7 })
    let test = clusters(10, seed: 2, spread: 0.8, classes: 7)
    func correctness(_ neighbours: [Int]) throws -> [Outcomes] {
      var evaluation = NearestNeighbours()
      evaluation.neighbours = neighbours
      return try evaluation.evaluate(train: train, test: test).votes.map(\.outcomes)
    }
    let together = try correctness([1, 3, 10, 150, 600])
    #expect(try correctness([1, 3, 10]) == Array(together[..<3]))
    #expect(try correctness([3]) == [together[1]])
    // The first images of the nearest direction are the nearest.
    let nearest = test.features.normalized().matmul(directions.features.normalized().transposed()).argmax(along: 1)
    let first = nearest.scalars(as: Int.self).map { train.labels[$0 * 100] }
    #expect(together[0].places.map { $0 == 1 } == zip(first, test.labels).map { $0 == $1 })
  }

  @Test(.oneAtATime, arguments: otherDevices) func accuracyIsTheSameOnAnotherDevice(device: Device) throws {
    func measure() throws -> [Measure] {
      let (train, test) = (clusters(10, seed: 1, spread: 0.8), clusters(10, seed: 2, spread: 0.8))
      var neighbours = NearestNeighbours()
      neighbours.neighbours = [3, 8]
      var probe = LinearProbe()
      (probe.epochs, probe.learningRates, probe.batchSize) = (2, [0.1, 1], 16)
      var few = FewLabels()
      (few.shares, few.perClass, few.draws) = ([], [2], 1)
      var outliers = OutlierDetection()
      outliers.neighbour = 3
      return try neighbours.evaluate(train: train, test: test).measures
        + neighbours.evaluate(leavingOneOut: test).measures + probe.evaluate(train: train, test: test).measures
        + few.evaluate(train: train, test: test).measures + Retrieval().evaluate(train: train, test: test).measures
        + outliers.evaluate(train: train, test: test, outliers: clusters(5, seed: 3, spread: 2)).measures
    }
    #expect(try withDevice(device, measure) == measure())
  }

  @Test func moreNeighboursThanImagesAreRefused() throws {
    let train = clusters(2, seed: 1, spread: 0.1)
    var neighbours = NearestNeighbours()
    neighbours.neighbours = [8]
    #expect(try neighbours.evaluate(train: train, test: train).votes[0].accuracy.top1 == 1)
    neighbours.neighbours = [8, 9]
    let error = #expect(throws: EvaluationDataError.self) { try neighbours.evaluate(train: train, test: train) }
    #expect(error == .tooManyNeighbours(9, images: 8))
  }

  /// Votes of a temperature so low that exp(1 / T) is no float are those of the nearest image.
  @Test func lowTemperaturesAreTheNearestNeighbour() throws {
    let (train, test) = (clusters(20, seed: 1, spread: 0.8), clusters(20, seed: 2, spread: 0.8))
    var neighbours = NearestNeighbours()
    (neighbours.neighbours, neighbours.temperature) = ([20], 1e-4)
    let cold = try neighbours.evaluate(train: train, test: test).votes[0].accuracy
    (neighbours.neighbours, neighbours.temperature) = ([1], 0.07)
    #expect(try neighbours.evaluate(train: train, test: test).votes[0].accuracy.top1 == cold.top1)
  }

  /// Nothing is measured where the result would be no number, or mean nothing.
  @Test func imagesThatCannotBeMeasuredAreRefused() throws {
    let train = clusters(30, seed: 1, spread: 0.1)
    let none = train.subset([])
    let one = train.subset(Array(stride(from: 0, to: 120, by: 4)))
    let broken = LabelledFeatures(features: train.features * Double.infinity, labels: train.labels)
    var neighbours = NearestNeighbours()
    neighbours.neighbours = [1]
    for (first, second, expected) in [
      (none, train, EvaluationDataError.noImages(split: "training")), (train, none, .noImages(split: "test")),
      (one, train, .oneClass), (broken, train, .notFinite(split: "training")),
      (train, broken, .notFinite(split: "test")),
    ] {
      let errors = [
        #expect(throws: EvaluationDataError.self) { try neighbours.evaluate(train: first, test: second) },
        #expect(throws: EvaluationDataError.self) { try LinearProbe().evaluate(train: first, test: second) },
      ]
      #expect(errors == [expected, expected])
    }
    #expect(throws: EvaluationDataError.oneClass) { try neighbours.evaluate(leavingOneOut: one) }
    #expect(throws: EvaluationDataError.notFinite(split: "training")) { try neighbours.evaluate(leavingOneOut: broken) }
    // While weights are trained both may happen.
    #expect(try neighbours.outcomes(leavingOneOut: one)[0].places.allSatisfy { $0 == 1 })
    #expect(try neighbours.outcomes(leavingOneOut: broken)[0].places.allSatisfy { $0 == nil })
    let four = train.subset([0, 1, 2, 3])
    let few = #expect(throws: EvaluationDataError.self) { try LinearProbe().evaluate(train: four, test: train) }
    #expect(few == .nothingHeldOut(images: 4, share: 0.1))
    #expect(few?.description.contains("at least 5 labelled images") == true)
    var probe = LinearProbe()
    probe.epochs = 1
    #expect(try probe.evaluate(train: train.subset([0, 1, 2, 3, 4]), test: train).heldOutImages == 1)
  }

  /// Scaling features makes no difference after batch normalization, and all of it before.
  @Test func batchNormalizationHelpsWhereFeaturesAreOfUnlikeSizes() throws {
    func scaled(_ images: LabelledFeatures) -> LabelledFeatures {
      let sizes = Tensor([0.02, 0.1, 10, 300]).converted(to: .float32)
      return LabelledFeatures(features: images.features * sizes, labels: images.labels)
    }
    var probe = LinearProbe()
    // So few steps that running statistics would still be near their start.
    (probe.epochs, probe.learningRates, probe.batchSize) = (2, [8], 32)
    let result = try probe.evaluate(
      train: scaled(clusters(60, seed: 1, spread: 0.2)), test: scaled(clusters(20, seed: 2, spread: 0.2)))
    #expect(result.batchNormalization && result.test.top1 > 0.95)
    #expect(result.heldOut[0].top1 < 0.8)
  }

  /// The same numbers come out whether a rate is tried alone or among others.
  @Test func ratesDoNotInfluenceEachOther() throws {
    var probe = LinearProbe()
    (probe.epochs, probe.learningRates, probe.batchSize) = (4, [0.003, 0.1, 1], 16)
    let (train, test) = (clusters(30, seed: 1, spread: 0.5), clusters(10, seed: 2, spread: 0.5))
    let together = try probe.evaluate(train: train, test: test)
    for rate in probe.learningRates {
      for isNormalized in [false, true] {
        (probe.learningRates, probe.batchNormalization) = ([rate], [isNormalized])
        let alone = try probe.evaluate(train: train, test: test)
        #expect(together.heldOut.contains(alone.heldOut[0]))
      }
    }
  }

  /// A rate that is far too high is never the best one.
  @Test func ratesThatDivergeCountAsWrong() throws {
    var probe = LinearProbe()
    (probe.learningRates, probe.epochs, probe.batchSize) = ([1e42, 0.1], 5, 20)
    let result = try probe.evaluate(train: clusters(30, seed: 1, spread: 0.1), test: clusters(10, seed: 2, spread: 0.1))
    #expect(result.heldOut[0].top1 == 0 && result.learningRate == 0.1 && result.test.top1 == 1)
    #expect(result.heldOut.map(\.batchNormalization) == [false, false, true, true] && result.heldOut[2].top1 == 0)
  }

  @Test func classesThatOneSplitLacksAreNamed() {
    let all = clusters(5, seed: 1, spread: 0.1)
    var two = all.subset(all.labels.indices.filter { all.labels[$0] < 2 })
    #expect(all.remarks(on: all).isEmpty)
    #expect(all.remarks(on: two) == ["No test image is of the class 2, 3."])
    two.classNames = ["cat", "dog", "emu", "fox"]
    let unknown = two.remarks(on: all)
    #expect(unknown.count == 1 && unknown[0].hasPrefix("10 of 20 test images can only be guessed wrong"))
    #expect(unknown[0].contains("('emu', 'fox')"))
  }

  @Test func linearProbeSeparatesClustersAndReportsTheSweep() throws {
    var probe = LinearProbe()
    probe.epochs = 30
    let result = try probe.evaluate(
      train: clusters(100, seed: 3, spread: 0.15), test: clusters(50, seed: 4, spread: 0.15))
    #expect(result.test.top1 > 0.95)
    #expect(result.test.top5 == 1)
    #expect(result.heldOut.map(\.learningRate) == probe.learningRates + probe.learningRates)
    let chosen = try #require(
      result.heldOut.first {
        ($0.learningRate, $0.batchNormalization) == (result.learningRate, result.batchNormalization)
      })
    #expect(chosen.top1 == result.heldOut.map(\.top1).max())
    #expect(chosen.bestTop1 >= chosen.top1 && chosen.bestEpoch == result.chosenEpoch)
    #expect(result.measures.map(\.name) == ["linear", "linear, chosen epoch"])
  }

  /// Known before anything is measured, and the same afterwards.
  @Test func protocolsNameTheirFirstMeasure() throws {
    func expectNamed<Chosen: EvaluationProtocol>(_ chosen: Chosen, _ result: Chosen.Result, _ name: String) {
      #expect(chosen.mainMeasure == name && result.measures.first?.name == name)
    }
    let (train, test) = (clusters(20, seed: 1, spread: 0.3), clusters(20, seed: 2, spread: 0.3))
    var nearest = NearestNeighbours()
    nearest.neighbours = [7, 5]
    expectNamed(nearest, try nearest.evaluate(train: train, test: test), "7-NN")
    expectNamed(Retrieval(), try Retrieval().evaluate(train: train, test: test), "mAP")
    var few = FewLabels()
    (few.shares, few.perClass, few.draws) = ([0.1], [2], 1)
    expectNamed(few, try few.evaluate(train: train, test: test), "10 % of labels")
    few.shares = []
    expectNamed(few, try few.evaluate(train: train, test: test), "2 labels per class")
    var probe = LinearProbe()
    probe.epochs = 1
    expectNamed(probe, try probe.evaluate(train: train, test: test), "linear")
    var outliers = OutlierDetection()
    outliers.neighbour = 1
    expectNamed(outliers, try outliers.evaluate(train: train, test: train, outliers: test), "AUROC")
  }

  @Test func linearProbeOnNoiseStaysAtChance() throws {
    var probe = LinearProbe()
    probe.epochs = 10
    let labels = (0..<400).map { $0 % 4 }
    let noise = { (seed: UInt64) in
      LabelledFeatures(features: .normal([400, 8], using: Generator(seed: seed)), labels: labels)
    }
    let result = try probe.evaluate(train: noise(1), test: noise(2))
    #expect(abs(result.test.top1 - 0.25) < 0.1)
  }
}
