import Foundation
import TestSupport
import Testing

@testable import Statistics

/// Held against SciPy, statsmodels and rliable (`scripts/make_statistics_fixtures.py`), and against brute force.
@Suite struct StatisticsTests {
  private struct Reference: Decodable {
    struct Sample: Decodable {
      var values: [Double]
      var deviation: Double
      var student: [Double]
      var p: Double
    }
    struct Resampled: Decodable {
      var strata: [[Double]]
      var distribution: [Double]
      var few: [Double]
      var many: [Double]
    }
    struct Cumulative: Decodable {
      var t: Double
      var degrees: Int
      var noncentrality: Double
      var probability: Double
    }
    struct Quantile: Decodable {
      var degrees: Int
      var value: Double
    }
    struct Detectable: Decodable {
      var pairs: Int
      var gain: Double
    }
    struct Power: Decodable {
      var pairs: Int
      var gain: Double
      var power: Double
    }

    var samples: [Sample]
    var bootstraps: [Resampled]
    var cumulative: [Cumulative]
    var quantiles: [Quantile]
    var detectable: [Detectable]
    var power: [Power]
    /// Simulated gains that sign flips show with a power of 80 %.
    var signFlips: [Detectable]
  }

  private let reference: Reference

  init() throws {
    let data = try Data(contentsOf: URL(filePath: Fixtures.path("statistics.json")))
    reference = try JSONDecoder().decode(Reference.self, from: data)
  }

  @Test func distributionsOfStudentsTAreSciPys() {
    for entry in reference.cumulative {
      let distribution = StudentT(degreesOfFreedom: entry.degrees, noncentrality: entry.noncentrality)
      #expect(abs(distribution.cumulative(entry.t) - entry.probability) < 1e-8, "\(entry)")
    }
    for entry in reference.quantiles {
      #expect(abs(StudentT(degreesOfFreedom: entry.degrees).quantile(0.975) / entry.value - 1) < 1e-7, "\(entry)")
    }
  }

  @Test func intervalsAndSignFlipsAreSciPys() throws {
    for sample in reference.samples {
      let difference = PairedDifference(sample.values)
      let student = try #require(difference.student)
      #expect(abs(student.lower - sample.student[0]) < 1e-7 && abs(student.upper - sample.student[1]) < 1e-7)
      #expect(abs(try #require(difference.standardDeviation) - sample.deviation) < 1e-12)
      #expect(abs(difference.p - sample.p) < 1e-12, "\(sample.values)")
    }
  }

  /// On SciPy's own resamples to the last digits; on our own within what their number allows.
  @Test func bootstrapIntervalsAreSciPys() throws {
    for entry in reference.bootstraps {
      let estimate = mean(entry.strata.map(mean))
      let same = try #require(
        Bootstrap.interval(
          estimate: estimate, distribution: entry.distribution,
          acceleration: Bootstrap.acceleration(of: entry.strata), level: 0.95))
      #expect(abs(same.lower - entry.few[0]) < 1e-9 && abs(same.upper - entry.few[1]) < 1e-9, "\(same) \(entry.few)")
      let own = try #require(PairedDifference(pooling: entry.strata).bootstrap)
      let tolerance = 0.05 * (entry.many[1] - entry.many[0])
      #expect(abs(own.lower - entry.many[0]) < tolerance && abs(own.upper - entry.many[1]) < tolerance)
    }
  }

  @Test func powerIsStatsmodels() throws {
    for entry in reference.detectable {
      let gain = try #require(PairedPower.detectableGain(pairs: entry.pairs, spread: 2))
      #expect(abs(gain / 2 - entry.gain) < 1e-4, "\(entry)")
    }
    for entry in reference.power {
      let power = PairedPower.power(ofGain: entry.gain * 3, spread: 3, pairs: entry.pairs)
      #expect(abs(power - entry.power) < 1e-6, "\(entry)")
    }
    #expect(PairedPower.detectableGain(pairs: 1, spread: 1) == nil)
  }

  /// The verdict rests on sign flips, which need more gain where pairs are few.
  @Test func powerOfVerdictsIsThatOfSignFlips() throws {
    for entry in reference.signFlips {
      let gain = try #require(PairedPower.gainForVerdict(pairs: entry.pairs, spread: 1))
      #expect(abs(gain / entry.gain - 1) < 0.02, "\(entry), \(gain)")
    }
    #expect(PairedPower.gainForVerdict(pairs: 5, spread: 1) == nil)
  }

  /// Every pattern of signs, one by one.
  @Test(arguments: [1, 2, 5, 6, 9, 12])
  func signFlipsCountEveryPattern(count: Int) {
    let values = (0..<count).map { Double(($0 * 37 + 11) % 23) - 7.5 }
    let observed = abs(values.reduce(0, +))
    let extreme = (0..<1 << count).count { pattern in
      let sum = values.indices.reduce(0.0) { $0 + (pattern >> $1 & 1 == 1 ? values[$1] : -values[$1]) }
      return abs(sum) >= observed - 1e-9
    }
    #expect(SignFlipTest.p(values) == Double(extreme) / Double(1 << count))
    #expect(SignFlipTest.p(values.map(abs)) == SignFlipTest.smallestP(pairs: count))
  }

  /// Many pairs are drawn instead; the exact p of a normal sum is near.
  @Test func manyPairsAreDrawn() {
    let values = (0..<64).map { Double($0 % 5) - 1.5 }
    let deviation = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
    let normal = 2 * (1 - StandardNormal.cumulative(values.reduce(0, +) / deviation))
    #expect(abs(SignFlipTest.p(values) - normal) < 0.01)
    #expect(SignFlipTest.p(values.map { $0 - mean(values) }) == 1)
  }

  @Test func fewerThanSixPairsAreNeverBetterOrWorse() {
    #expect(SignFlipTest.smallestP(pairs: 5) > Verdict.significance)
    #expect(PairedDifference([1, 1.1, 0.9, 1, 1.2]).verdict == .tooFewPairs)
    #expect(PairedDifference([1, 1.1, 0.9, 1, 1.2, 0.8]).verdict == .better)
    #expect(PairedDifference([-1, -1.1, -0.9, -1, -1.2, -0.8]).verdict == .worse)
    #expect(PairedDifference([1, -1.1, 0.9, -1, 1.2, -0.8]).verdict == .undecided)
    #expect(PairedDifference(pooling: [[1, 1.1, 0.9], [1, 1.2, 0.8]]).verdict == .better)
    let alike = PairedDifference(from: [1, 2], to: [1, 2])
    #expect(alike.mean == 0 && alike.p == 1 && alike.bootstrap == nil)
    #expect(PairedDifference([2]).interval == nil)
  }
}
