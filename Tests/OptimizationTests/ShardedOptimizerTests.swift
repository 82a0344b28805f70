import NeuralNetworks
import TestSupport
import Testing
import Torch

@testable import Optimization

/// Workers that remember a share each, held against one that remembers all.
@Suite struct ShardedOptimizerTests {
  private static let shapes = [[40, 30], [30], [30, 20], [20], [20, 7], [7], [3, 3, 2, 2]]

  /// An optimizer with the parameters that it moves.
  private struct Training {
    let parameters: [(name: String, parameter: Parameter)]
    let optimizer: ScheduledOptimizer

    init(_ name: OptimizerConfiguration.Name, shards: Bool) {
      let generator = Generator(seed: 5)
      parameters = ShardedOptimizerTests.shapes.enumerated().map {
        ("p\($0.offset)", Parameter(.normal($0.element, using: generator)))
      }
      var configuration = OptimizerConfiguration()
      configuration.name = name
      configuration.shardsMemory = shards
      configuration.learningRate = 0.1
      configuration.clipping.kind = .global
      let groups = [ParameterGroup("body", Array(parameters[..<4])), ParameterGroup("head", Array(parameters[4...]))]
      optimizer = ScheduledOptimizer(configuration, groups: groups, batchSize: 256)
    }

    /// Steps by gradients that every worker has; the third is not sound, and the second moves no parameter of the head.
    func take(_ steps: Range<Int>) {
      for step in steps {
        let generator = Generator(seed: UInt64(step))
        for (place, (_, parameter)) in parameters.enumerated() where step != 1 || place < 4 {
          let factor = Tensor.normal(parameter.value.shape, using: generator)
          (parameter.value * factor).sum().backward()
        }
        let isSound = Tensor([Float(step == 2 ? 0 : 1)]).reshaped([]) .> 0.5
        optimizer.step(at: TrainingProgress(step: step, stepsPerEpoch: 10, totalEpochs: 2), where: isSound)
      }
    }

    var values: [[Float]] { parameters.map { $0.parameter.value.scalars() } }
    var memory: [[Float]] { optimizer.state.map { $0.buffer.value.scalars() } }
  }

  @Test(arguments: OptimizerConfiguration.Name.allCases, [2, 3, 9])
  func parametersAndMemoryAreTheSameBits(name: OptimizerConfiguration.Name, workers: Int) throws {
    struct Result: Sendable {
      var values: [[Float]]
      var bytes: Double
      var names: [String]
      var memory: [[Float]]
      var afterwards: [[Float]]
    }
    @Sendable func result() throws -> Result {
      let training = Training(name, shards: true)
      training.take(0..<5)
      try training.optimizer.collect()
      let (values, memory) = (training.values, training.memory)
      // What is gathered for saving changes nothing.
      training.take(5..<7)
      return Result(
        values: values, bytes: training.optimizer.memoryBytes, names: training.optimizer.state.map(\.name),
        memory: memory, afterwards: training.values)
    }
    let whole = try onWorkers(1) { _ in try result() }[0]
    let parts = try onWorkers(workers) { _ in try result() }
    for part in parts {
      #expect(part.values == whole.values && part.afterwards == whole.afterwards && part.names == whole.names)
    }
    #expect(parts[0].memory == whole.memory)
    // All of it, once; no worker has more than another by more than the largest parameter.
    #expect(parts.map(\.bytes).reduce(0, +) == whole.bytes)
    let largest = Double(40 * 30 * 4 * (name == .adamw ? 2 : 1) + 4)
    #expect(parts.map(\.bytes).max()! <= whole.bytes / Double(workers) + largest)
  }

  /// Saved by three workers, restored by two, and by one.
  @Test func goesOnWithAnotherNumberOfWorkers() throws {
    let saved = try onWorkers(3) { _ in
      let training = Training(.adamw, shards: true)
      training.take(0..<4)
      try training.optimizer.collect()
      return [training.values, training.memory]
    }[0]
    let whole = try onWorkers(1) { _ in
      let training = Training(.adamw, shards: false)
      training.take(0..<8)
      return training.values
    }[0]
    for workers in [1, 2] {
      let results = try onWorkers(workers) { _ in
        let training = Training(.adamw, shards: true)
        withoutGradients {
          for (place, (_, parameter)) in training.parameters.enumerated() {
            parameter.value.detached().copyInPlace(from: Tensor(saved[0][place], shape: parameter.value.shape))
          }
          for (place, entry) in training.optimizer.state.enumerated() {
            entry.buffer.value.copyInPlace(from: Tensor(saved[1][place], shape: entry.buffer.value.shape))
          }
        }
        training.take(4..<8)
        return training.values
      }
      for result in results { #expect(result == whole) }
    }
  }
}
