import NeuralNetworks
import Optimization
import Testing
import Torch

/// Steps that are left out by a decision on the device.
@Suite struct UnsoundStepTests {
  private final class Network: Module {
    let weight = Parameter(.normal([3, 4], using: Generator(seed: 1)))
    let bias = Parameter(.normal([4], using: Generator(seed: 2)))
  }

  private func optimizer(_ name: OptimizerConfiguration.Name, _ network: Network) -> ScheduledOptimizer {
    var configuration = OptimizerConfiguration()
    (configuration.name, configuration.learningRate, configuration.weightDecay) = (name, 0.1, 0.01)
    configuration.clipping.kind = .global
    return ScheduledOptimizer(configuration, groups: [ParameterGroup("all", network.namedParameters())], batchSize: 256)
  }

  private func step(
    _ optimizer: ScheduledOptimizer, _ network: Network, times factor: Double = 1, where isSound: Tensor?
  ) {
    let outputs = Tensor.normal([2, 3], using: Generator(seed: 3)).matmul(network.weight.value) + network.bias.value
    ((outputs * outputs).mean() * factor).backward()
    optimizer.step(at: TrainingProgress(stepsPerEpoch: 4, totalEpochs: 1), where: isSound)
  }

  private func values(_ optimizer: ScheduledOptimizer, _ network: Network) -> [[Float]] {
    network.namedState().map { $0.entry.value.scalars() } + optimizer.state.map { $0.buffer.value.scalars() }
  }

  @Test(arguments: OptimizerConfiguration.Name.allCases)
  func nothingChangesWhateverTheGradientsHold(name: OptimizerConfiguration.Name) {
    let network = Network()
    let optimizer = optimizer(name, network)
    // A step, so that there is momentum and something has been counted.
    step(optimizer, network, where: nil)
    let before = values(optimizer, network)
    for factor in [1, Double.nan, Double.infinity] {
      step(optimizer, network, times: factor, where: Tensor.ones([]) .< 0.5)
      #expect(values(optimizer, network) == before)
      #expect(network.parameters.allSatisfy { $0.gradient == nil })
    }
  }

  @Test(arguments: OptimizerConfiguration.Name.allCases)
  func soundStepsAreStepsAsEver(name: OptimizerConfiguration.Name) {
    let results = [nil, Tensor.ones([]) .> 0.5].map { isSound in
      let network = Network()
      let optimizer = optimizer(name, network)
      for _ in 0..<3 { step(optimizer, network, where: isSound) }
      return values(optimizer, network)
    }
    for (a, b) in zip(results[0], results[1]) {
      for (a, b) in zip(a, b) { #expect(abs(a - b) <= 1e-6 * max(1, abs(a))) }
    }
  }

  /// Buffers and teachers stay where they are too.
  @Test func buffersAndTeachersStay() {
    let (student, teacher) = (Network(), Network())
    let average = MovingAverage(of: student, in: teacher)
    withoutGradients { student.weight.value.copyInPlace(from: .ones([3, 4])) }
    let buffer = Buffer(.zeros([2]))
    let before = teacher.weight.value.scalars(as: Float.self)
    withUpdates(where: Tensor.ones([]) .< 0.5) {
      average.update(momentum: 0.5)
      buffer.update(Tensor([Float.nan, 1]))
    }
    #expect(teacher.weight.value.scalars(as: Float.self) == before)
    #expect(buffer.value.scalars(as: Float.self) == [0, 0])
    withUpdates(where: Tensor.ones([]) .> 0.5) {
      average.update(momentum: 0.5)
      buffer.update(Tensor([2, 1] as [Float]))
    }
    for (new, old) in zip(teacher.weight.value.scalars(as: Float.self), before) {
      #expect(abs(new - (old + 1) / 2) < 1e-6)
    }
    #expect(buffer.value.scalars(as: Float.self) == [2, 1])
  }
}
