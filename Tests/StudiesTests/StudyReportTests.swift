import Foundation
import Pictures
import RepresentationEvaluation
import RunConfiguration
import Statistics
import Testing

@testable import Studies

/// Reports of made-up results.
@Suite struct StudyReportTests {
  private let study: Study

  init() throws {
    study = try Study(
      ConfigurationTree(
        yaml: StudyFileTests.text.replacing(
          "seeds: 3", with: "seeds: 8\nmethods: {simsiam: , byol: {recipe: byol-fashion}}"),
        source: "study"))
  }

  private func results(gain: (Int) -> Double, seeds: Range<Int> = 0..<8) -> [RunResult] {
    study.conditions.flatMap { condition in
      study.arms.flatMap { arm in
        seeds.map { seed in
          let accuracy = 0.7 + Double(seed) / 100 + (arm.name == "hard" ? gain(seed) : 0)
          return RunResult(
            condition: condition, arm: arm.name, seed: seed, epochs: arm.isUntrained ? 0 : 2,
            trainingSeconds: arm.name == "random" ? 10 : 15,
            mainMeasures: ["20-NN", "linear"],
            measures: [
              Measure(name: "20-NN", value: accuracy, interval: nil), Measure(name: "5-NN", value: 0, interval: nil),
              Measure(name: "linear", value: 0.5, interval: nil, lowerIsBetter: true),
            ])
        }
      }
    }
  }

  @Test func everyArmMeetsTheReferenceAndTheOneOfEqualTime() {
    let report = StudyReport(of: study, results: results(gain: { $0 % 2 == 0 ? 0.01 : 0.006 }), failures: [])
    let first = report.comparisons.filter { $0.condition == study.conditions[0] && $0.measure == "20-NN" }
    #expect(first.map(\.arm) == ["untrained", "hard", "random-longer", "hard"])
    #expect(first.map(\.base) == ["random", "random", "random", "random-longer"])
    #expect(first.map(\.isAtEqualTime) == [false, false, false, true])
    #expect(first[1].verdict == .better && first[1].words == "better by 0.80 points (0.62 to 0.98, p = 0.008, 8 pairs)")
    #expect(first[2].verdict == .undecided)
    #expect(first.map(\.timeRatio) == [1.5, 1.5, 1.5, 1])
    let pooled = report.comparisons.filter { $0.condition == nil && $0.measure == "20-NN" && $0.arm == "hard" }
    #expect(pooled.count == 2 && pooled[0].difference.count == 16 && pooled[0].pairs.count == 16)
    #expect(abs(pooled[0].difference.mean - 0.008) < 1e-12)
    #expect(
      report.text.contains(
        "hard against random-longer at equal time (1.00 × as long), 20-NN: better by 0.80 points"))
    let slow = results(gain: { _ in 0.01 }).map { result in
      var result = result
      if result.arm == "hard" { result.trainingSeconds *= 2 }
      return result
    }
    #expect(
      StudyReport(of: study, results: slow, failures: []).text.contains(
        "hard against random-longer (not at equal time: 2.00 × as long), 20-NN"))
    let markdown = report.markdown(picture: "report.png")
    #expect(markdown.contains("| hard | 8 | 2 | 15 s | 74.30 % | 50.00 % |") && markdown.contains("](report.png)"))
  }

  @Test func wordsSayWhatPairsCannotShow() {
    func words(_ differences: [Double]) -> String { PairedDifference(differences).words }
    #expect(words([0.01, 0.012, 0.011, 0.01, 0.013]) == "+1.12 points in 5 pairs, too few pairs for a verdict")
    #expect(words([0.01]) == "+1.00 points in 1 pair, too few pairs for a verdict")
    #expect(
      words([-0.01, -0.012, -0.011, -0.01, -0.013, -0.01])
        == "worse by 1.10 points (0.97 to 1.23, p = 0.031, 6 pairs)")
    #expect(
      words([0.01, -0.012, 0.011, -0.01, 0.013, -0.01]).hasPrefix(
        "no difference that 6 pairs can show: +0.03 points (-"))
  }

  @Test func powerIsSaidBeforeAndAfterPairsAreIn() throws {
    let before = PowerStatement.all(for: study, report: StudyReport(of: study, results: [], failures: []))
    #expect(before.map(\.measure) == ["20-NN", "linear", "20-NN", "linear"])
    let expected = try #require(PairedPower.gainForVerdict(pairs: 8, spread: 1.1))
    #expect(before[0].detectableGain == expected)
    #expect(
      before[0].claim.contains("with 8 pairs, gains above 1.3 points") && before[0].claim.contains("simsiam-fashion"))
    #expect(before[2].claim.contains("unknown until 3 pairs are in"))
    let unknown = try #require(PowerStatement.sentences(before).first { $0.contains("unknown") })
    let places = before.filter { $0.spread == nil }.map { "\($0.measure) (\($0.condition.name))" }
    #expect(places.count == 2 && unknown.hasPrefix(places.joined(separator: "; ") + ": which gain"))
    #expect(PowerStatement.sentences(before.filter { $0.spread == nil }).map { $0.prefix(10) } == ["Which gain"])
    let two = StudyReport(of: study, results: results(gain: { Double($0) / 100 }, seeds: 0..<2), failures: [])
    #expect(PowerStatement.all(for: study, report: two)[2].spread == nil)
    let three = StudyReport(of: study, results: results(gain: { Double($0) / 100 }, seeds: 0..<3), failures: [])
    let after = PowerStatement.all(for: study, report: three)
    // Differences of 0, 1 and 2 points.
    #expect(
      abs(try #require(after[0].spread?.points) - 1) < 1e-9 && after[0].claim.contains("the 3 pairs so far of hard"))
    #expect(after[1].spread?.points == 0.8, "pairs without any spread say nothing")
  }

  @Test func thePictureHasAPanelForEachCondition() throws {
    let report = StudyReport(of: study, results: results(gain: { _ in 0.01 }), failures: [])
    let canvas = try #require(report.chart).draw()
    #expect(canvas.height == 2 * 440)
    #expect(StudyReport(of: study, results: [], failures: []).chart == nil)
  }
}
