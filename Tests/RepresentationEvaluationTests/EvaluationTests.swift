import Foundation
import RepresentationEvaluation
import TestSupport
import Testing
import Torch

@Suite struct EvaluationTests {
  /// Clusters around one direction a class.
  private func clusters(_ perClass: Int, seed: UInt64, spread: Double, classes: Int = 4) -> LabelledFeatures {
    let labels = (0..<perClass * classes).map { $0 % classes }
    let centres = Tensor(labels).oneHot(classes: classes).converted(to: .float32)
    let noise = Tensor.normal([labels.count, classes], standardDeviation: spread, using: Generator(seed: seed))
    return LabelledFeatures(features: centres + noise, labels: labels)
  }

  /// The protocol, image by image and neighbour by neighbour.
  private func bruteForce(_ train: LabelledFeatures, _ test: LabelledFeatures, k: Int, temperature: Double) -> Accuracy
  {
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
    return Accuracy(top1: Double(top1) / Double(test.count), top5: Double(top5) / Double(test.count))
  }

  @Test(arguments: [1, 5, 20])
  func nearestNeighboursEqualBruteForce(k: Int) throws {
    let train = clusters(30, seed: 1, spread: 0.8, classes: 7)
    let test = clusters(20, seed: 2, spread: 0.8, classes: 7)
    var neighbours = NearestNeighbours()
    neighbours.neighbours = [k]
    let result = try neighbours.evaluate(train: train, test: test)
    let expected = bruteForce(train, test, k: k, temperature: 0.07)
    #expect(result[0].1.top1 == expected.top1)
    #expect(expected.top1 > 0.3 && expected.top1 < 0.95)
    // Classes without a vote tie at zero, so the fifth place may be filled by any of them.
    #expect(result[0].1.top5 >= expected.top5)
  }

  /// Each image among all others, as if there were a training set for each.
  @Test(arguments: [1, 5]) func leavingOneOutEqualsBruteForce(k: Int) throws {
    let images = clusters(80, seed: 1, spread: 0.8, classes: 7)
    var neighbours = NearestNeighbours()
    neighbours.neighbours = [k]
    let result = try neighbours.evaluate(leavingOneOut: images)[0].1
    let hits = (0..<images.count).reduce(0.0) { sum, one in
      let others = images.subset((0..<images.count).filter { $0 != one })
      return sum + bruteForce(others, images.subset([one]), k: k, temperature: 0.07).top1
    }
    #expect(abs(result.top1 - hits / Double(images.count)) < 1e-9)
    #expect(result.top1 > 0.3 && result.top1 < 0.95)
    // An image that was its own neighbor would always be right.
    let alone = LabelledFeatures(features: .identity(6) + 0.1, labels: Array(0..<6))
    #expect(try neighbours.evaluate(leavingOneOut: alone)[0].1.top1 == 0)
  }

  @Test(.oneAtATime, arguments: otherDevices) func accuracyIsTheSameOnAnotherDevice(device: Device) throws {
    func measure() throws -> [Accuracy] {
      let (train, test) = (clusters(10, seed: 1, spread: 0.8), clusters(10, seed: 2, spread: 0.8))
      var neighbours = NearestNeighbours()
      neighbours.neighbours = [3, 8]
      var probe = LinearProbe()
      (probe.epochs, probe.learningRates, probe.batchSize) = (2, [0.1, 1], 16)
      return try neighbours.evaluate(train: train, test: test).map(\.1)
        + [probe.evaluate(train: train, test: test).test]
    }
    #expect(try withDevice(device, measure) == measure())
  }

  @Test func moreNeighboursThanImagesAreRefused() throws {
    let train = clusters(2, seed: 1, spread: 0.1)
    var neighbours = NearestNeighbours()
    neighbours.neighbours = [8]
    #expect(try neighbours.evaluate(train: train, test: train)[0].1.top1 == 1)
    neighbours.neighbours = [8, 9]
    let error = #expect(throws: EvaluationDataError.self) { try neighbours.evaluate(train: train, test: train) }
    #expect(error == .tooManyNeighbours(9, images: 8))
  }

  /// Votes of a temperature so low that exp(1 / T) is no float are those of the nearest image.
  @Test func lowTemperaturesAreTheNearestNeighbour() throws {
    let (train, test) = (clusters(20, seed: 1, spread: 0.8), clusters(20, seed: 2, spread: 0.8))
    var neighbours = NearestNeighbours()
    (neighbours.neighbours, neighbours.temperature) = ([20], 1e-4)
    let cold = try neighbours.evaluate(train: train, test: test)[0].1
    (neighbours.neighbours, neighbours.temperature) = ([1], 0.07)
    #expect(try neighbours.evaluate(train: train, test: test)[0].1.top1 == cold.top1)
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
    let four = train.subset([0, 1, 2, 3])
    let few = #expect(throws: EvaluationDataError.self) { try LinearProbe().evaluate(train: four, test: train) }
    #expect(few == .nothingHeldOut(images: 4, share: 0.1))
    #expect(few?.description.contains("at least 5 labelled images") == true)
    var probe = LinearProbe()
    probe.epochs = 1
    #expect(try probe.evaluate(train: train.subset([0, 1, 2, 3, 4]), test: train).heldOutImages == 1)
  }

  /// A rate that is far too high is never the best one.
  @Test func ratesThatDivergeCountAsWrong() throws {
    var probe = LinearProbe()
    (probe.learningRates, probe.epochs, probe.batchSize) = ([1e42, 0.1], 5, 20)
    let result = try probe.evaluate(train: clusters(30, seed: 1, spread: 0.1), test: clusters(10, seed: 2, spread: 0.1))
    #expect(result.heldOut[0].top1 == 0 && result.learningRate == 0.1 && result.test.top1 == 1)
  }

  @Test func classesThatOneSplitLacksAreNamed() {
    let all = clusters(5, seed: 1, spread: 0.1)
    let two = all.subset(all.labels.indices.filter { all.labels[$0] < 2 })
    #expect(all.remarks(on: all, classNames: nil).isEmpty)
    let unknown = two.remarks(on: all, classNames: ["cat", "dog", "emu", "fox"])
    #expect(unknown.count == 1 && unknown[0].hasPrefix("10 of 20 test images can only be guessed wrong"))
    #expect(unknown[0].contains("('emu', 'fox')"))
    #expect(all.remarks(on: two, classNames: nil) == ["No test image is of the class 2, 3."])
  }

  @Test func linearProbeSeparatesClustersAndReportsTheSweep() throws {
    var probe = LinearProbe()
    probe.epochs = 30
    let result = try probe.evaluate(
      train: clusters(100, seed: 3, spread: 0.15), test: clusters(50, seed: 4, spread: 0.15))
    #expect(result.test.top1 > 0.95)
    #expect(result.test.top5 == 1)
    #expect(result.heldOut.map(\.learningRate) == probe.learningRates)
    #expect(result.heldOut.first { $0.learningRate == result.learningRate }?.top1 == result.heldOut.map(\.top1).max())
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
