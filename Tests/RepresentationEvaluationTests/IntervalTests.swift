@testable import RepresentationEvaluation
import Foundation
import Statistics
import Testing
import Torch
import Views

@Suite struct IntervalTests {
  /// The bootstrap of a mean is near Student's interval where there are many values.
  @Test func bootstrapOfAMeanIsNearTheNormalInterval() {
    let values = Tensor.normal([2000], using: Generator(seed: 4)).scalars(as: Double.self)
    let interval = ConfidenceInterval.bootstrap(meanOf: values, seed: 1)
    let mean = values.reduce(0, +) / 2000
    let deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 1999).squareRoot()
    let half = 1.96 * deviation / 2000.squareRoot()
    #expect(abs(interval.lower - (mean - half)) < 0.15 * half && abs(interval.upper - (mean + half)) < 0.15 * half)
    #expect(interval == .bootstrap(meanOf: values, seed: 1))
    #expect(interval != .bootstrap(meanOf: values, seed: 2))
  }

  /// The area under the curve and the false positive rate, pair by pair, with ties and images counted several times.
  @Test func rankingsEqualBruteForce() {
    var random = ViewRandom(seed: 5, epoch: 0, sample: 0, view: 0)
    for _ in 0..<20 {
      let known = (0..<30).map { _ in random.uniform().rounded(toPlaces: 1) }
      let unknown = (0..<20).map { _ in (random.uniform() + 0.2).rounded(toPlaces: 1) }
      let counts = [known.map { _ in random.integer(below: 3) }, unknown.map { _ in random.integer(below: 3) }]
      let (inliers, outliers) = (
        zip(known, counts[0]).flatMap { Array(repeating: $0, count: $1) },
        zip(unknown, counts[1]).flatMap { Array(repeating: $0, count: $1) }
      )
      var area = 0.0
      for near in inliers { for far in outliers { area += far > near ? 1 : far == near ? 0.5 : 0 } }
      let threshold = Set(inliers).sorted().first { limit in
        Double(inliers.count { $0 <= limit }) >= 0.95 * Double(inliers.count) - 1e-9
      }!
      let expected = [
        area / Double(inliers.count * outliers.count),
        Double(outliers.count { $0 <= threshold }) / Double(outliers.count),
      ]
      let found = DistanceRanking(known: known, unknown: unknown).measures(counts: counts)
      #expect(abs(found[0] - expected[0]) < 1e-12 && abs(found[1] - expected[1]) < 1e-12)
    }
  }

  @Test func outcomesAreATextOfPlaces() throws {
    let outcomes = Outcomes(places: [1, 5, nil, 2])
    let text = try JSONEncoder().encode([outcomes])
    #expect(String(decoding: text, as: UTF8.self) == #"["15-2"]"#)
    #expect(try JSONDecoder().decode([Outcomes].self, from: text) == [outcomes])
    #expect(Accuracy(outcomes).top1 == 0.25 && Accuracy(outcomes).top5 == 0.75)
  }

  /// A large class does not hide a small one.
  @Test func classesCountAlikeInTheClassMean() throws {
    // 90 of 100 images of one class are right, 1 of 4 of another, none of 2 of a third.
    let labels = Array(repeating: 0, count: 100) + Array(repeating: 5, count: 4) + [9, 9]
    let isRight = (0..<106).map { $0 < 90 || $0 == 100 }
    let accuracy = Accuracy(Outcomes(places: isRight.map { $0 ? 1 : 2 }), labels: labels)
    let mean = try #require(accuracy.classMean)
    #expect(abs(mean.value - (0.9 + 0.25 + 0) / 3) < 1e-12 && accuracy.top1 == 91.0 / 106)
    // The standard deviation is that of the small class: √(0.25 · 0.75 / 4) / 3.
    #expect(mean.interval.lower < mean.value - 0.05 && mean.value + 0.1 < mean.interval.upper)
    #expect(mean.interval.upper - mean.interval.lower < 4 * 0.2165 / 3 + 0.02)
    #expect(Accuracy(Outcomes(places: [1])).classMean == nil)
  }

  /// Of equal scores the lower class comes first, and scores that are no numbers are never right.
  @Test func placesAreRanks() {
    let scores = Tensor([3, 1, 2, 2, 0, 0, 0, Double.nan, 1], shape: [3, 3]).converted(to: .float32)
    #expect(Outcomes(scores: scores, labels: [1, 1, 1]).places == [3, 2, nil])
    #expect(Outcomes(scores: scores, labels: [0, 0, 2], floor: 2).places == [1, nil, nil])
    let six = Tensor([6, 5, 4, 3, 2, 1.0], shape: [1, 6]).converted(to: .float32)
    #expect((0..<6).map { Outcomes(scores: six, labels: [$0]).places[0] } == [1, 2, 3, 4, 5, nil])
  }
}

extension Double {
  fileprivate func rounded(toPlaces places: Int) -> Double {
    let factor = pow(10, Double(places))
    return (self * factor).rounded() / factor
  }
}
