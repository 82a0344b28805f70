import NeuralNetworks
import Testing
import Torch

private final class Nested: Module {
  let first = Linear(2, 3, using: Generator(seed: 0))
  let blocks: [Linear]
  let optional: BatchNorm? = BatchNorm(3)
  let absent: Linear? = nil
  let again: Linear

  init() {
    blocks = [Linear(3, 3, bias: false, using: Generator(seed: 1)), Linear(3, 1, using: Generator(seed: 2))]
    again = first
  }
}

@Suite struct ModuleTests {
  @Test func stateIsListedByPathOnceAndInOrder() {
    #expect(
      Nested().namedState().map(\.name) == [
        "first.weight", "first.bias", "blocks.0.weight", "blocks.1.weight", "blocks.1.bias", "optional.weight",
        "optional.bias", "optional.running_mean", "optional.running_var", "optional.num_batches_tracked",
      ])
    #expect(Nested().parameters.count == 7)
  }

  @Test func batchNormUsesAndMovesStatisticsByPhase() {
    let input = Tensor.normal([64, 3], mean: 5, standardDeviation: 2, using: Generator(seed: 3))
    let layer = BatchNorm(3)
    func running() -> [Float] {
      layer.namedState().first { $0.name == "running_mean" }!.entry.value.scalars()
    }
    func counted() -> Double {
      layer.namedState().first { $0.name == "num_batches_tracked" }!.entry.value.number
    }
    let scored = layer(input, in: .score)
    #expect(running() == [0, 0, 0])
    #expect(counted() == 0)
    let evaluated = layer(input, in: .evaluate)
    #expect(running() == [0, 0, 0])
    let trained = layer(input, in: .train)
    #expect(running().allSatisfy { abs($0 - 0.5) < 0.1 })
    #expect(counted() == 1)
    #expect(scored.scalars(as: Float.self) == trained.scalars(as: Float.self))
    #expect(abs(scored.mean().number) < 1e-5)
    #expect(abs(evaluated.mean().number - 5) < 0.5)
  }

  @Test func linearStartsWithinPyTorchsBounds() {
    let layer = Linear(16, 64, using: Generator(seed: 4))
    let values = layer.weight.value.scalars(as: Float.self)
    #expect(values.allSatisfy { abs($0) <= 0.25 })
    let variance = values.map { Double($0 * $0) }.reduce(0, +) / Double(values.count)
    #expect(abs(variance - 0.25 * 0.25 / 3) < 0.003)
  }

  @Test func sameSeedSameWeights() {
    func weights(_ seed: UInt64) -> [Float] {
      var configuration = BackboneConfiguration()
      configuration.name = .resnet18
      configuration.width = 4
      return configuration.makeBackbone(using: Generator(seed: seed)).parameters.flatMap {
        $0.value.scalars(as: Float.self)
      }
    }
    #expect(weights(1) == weights(1))
    #expect(weights(1) != weights(2))
  }
}
