import Foundation
import Optimization
import Testing

@Suite struct ScheduleTests {
  @Test func publishedCosineChangesEachEpochAndNeverReachesZero() {
    let schedule = Schedule()
    func factor(_ step: Int) -> Double {
      schedule.factor(at: TrainingProgress(step: step, stepsPerEpoch: 10, totalEpochs: 4))
    }
    for (epoch, expected) in [(0, 1.0), (1, 0.5 * (1 + cos(.pi / 4))), (2, 0.5), (3, 0.5 * (1 + cos(.pi * 3 / 4)))] {
      #expect(abs(factor(epoch * 10) - expected) < 1e-12)
      #expect(factor(epoch * 10 + 9) == factor(epoch * 10))
    }
  }

  @Test func cosinePerStepFallsEveryStep() {
    let schedule = Schedule(granularity: .step)
    let factors = (0..<40).map { schedule.factor(at: TrainingProgress(step: $0, stepsPerEpoch: 10, totalEpochs: 4)) }
    #expect(zip(factors, factors.dropFirst()).allSatisfy { $0 > $1 })
    #expect(factors[0] == 1)
    #expect(abs(factors[20] - 0.5) < 1e-12)
  }

  @Test func warmupRisesLinearlyAndTheCosineEndsAtItsShare() {
    let schedule = Schedule(granularity: .step, warmupEpochs: 1, finalShare: 0.1)
    func factor(_ step: Int) -> Double {
      schedule.factor(at: TrainingProgress(step: step, stepsPerEpoch: 10, totalEpochs: 3))
    }
    #expect(factor(0) == 0)
    // Both ends are included, as the published code's linspace: nine steps from 0 to 1, then the cosine's first value.
    #expect(abs(factor(3) - 1.0 / 3) < 1e-12)
    #expect(factor(9) == 1)
    #expect(factor(10) == 1)
    #expect(abs(factor(20) - 0.55) < 1e-12)
    #expect(abs(factor(30) - 0.1) < 1e-12)
  }

  /// Each cycle is a training of its own, of which only the first has the warm-up.
  @Test(arguments: [Schedule.Granularity.epoch, .step])
  func restartsBeginASchedulesCurveAnew(granularity: Schedule.Granularity) {
    let schedule = Schedule(granularity: granularity, warmupEpochs: 2, finalShare: 0.1)
    var later = schedule
    later.warmupEpochs = 0
    for step in 0..<60 {
      let place = TrainingProgress(step: step, stepsPerEpoch: 5, totalEpochs: 12, restarts: [4, 9])
      let (start, length) = step < 20 ? (0, 4) : step < 45 ? (20, 5) : (45, 3)
      let alone = TrainingProgress(step: step - start, stepsPerEpoch: 5, totalEpochs: length)
      #expect(place.cycle == alone)
      #expect(place.hasRestarted == (step >= 20))
      #expect(schedule.factor(at: place) == (step < 20 ? schedule : later).factor(at: alone))
    }
  }

  @Test func positionsOfOlderVersionsHaveNoRestarts() throws {
    let old = Data(#"{"step": 3, "stepsPerEpoch": 4, "totalEpochs": 2}"#.utf8)
    let place = try JSONDecoder().decode(TrainingProgress.self, from: old)
    #expect(place == TrainingProgress(step: 3, stepsPerEpoch: 4, totalEpochs: 2))
    let new = TrainingProgress(step: 3, stepsPerEpoch: 4, totalEpochs: 2, restarts: [1])
    #expect(try JSONDecoder().decode(TrainingProgress.self, from: JSONEncoder().encode(new)) == new)
  }

  @Test func aLineIsStraight() {
    let schedule = Schedule(.linear, granularity: .step, finalShare: 3)
    func factor(_ step: Int) -> Double {
      schedule.factor(at: TrainingProgress(step: step, stepsPerEpoch: 10, totalEpochs: 1))
    }
    #expect(factor(0) == 1 && abs(factor(5) - 2) < 1e-12 && abs(factor(9) - 2.8) < 1e-12)
  }
}
