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

  @Test func aLineIsStraight() {
    let schedule = Schedule(.linear, granularity: .step, finalShare: 3)
    func factor(_ step: Int) -> Double {
      schedule.factor(at: TrainingProgress(step: step, stepsPerEpoch: 10, totalEpochs: 1))
    }
    #expect(factor(0) == 1 && abs(factor(5) - 2) < 1e-12 && abs(factor(9) - 2.8) < 1e-12)
  }
}
