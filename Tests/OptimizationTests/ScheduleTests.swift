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
    #expect(factor(5) == 0.5)
    #expect(factor(10) == 1)
    #expect(abs(factor(20) - 0.55) < 1e-12)
    #expect(abs(factor(30) - 0.1) < 1e-12)
  }

  @Test func ratesFollowTheLinearRuleAndFixedGroupsKeepTheirs() {
    var configuration = OptimizerConfiguration()
    configuration.learningRate = 0.05
    let groups = [ParameterGroup("encoder", []), ParameterGroup("predictor", [], keepsBaseRate: true)]
    let rates = configuration.learningRates(
      of: groups, batchSize: 512, at: TrainingProgress(step: 50, stepsPerEpoch: 1, totalEpochs: 100))
    #expect(abs(rates[0] - 0.05) < 1e-12)
    #expect(abs(rates[1] - 0.1) < 1e-12)
  }
}
