import Checkpoints
import NeuralNetworks
import TestSupport
import Testing
import Torch

@Suite struct LayerTests {
  @Test func dropPathDropsWholeSamplesAndKeepsTheExpectation() {
    let layer = DropPath(rate: 0.25, using: Generator(seed: 1))
    let output = layer(.ones([4000, 3, 2]), in: .train)
    let values = output.scalars(as: Float.self)
    for sample in stride(from: 0, to: values.count, by: 6) {
      #expect(Set(values[sample..<sample + 6]).count == 1)
    }
    #expect(Set(values).count == 2)
    #expect(values.allSatisfy { $0 == 0 || abs($0 - 4.0 / 3) < 1e-6 })
    #expect(abs(output.mean().number - 1) < 0.04)
  }

  @Test func dropPathDrawsOnlyInTraining() {
    let generator = Generator(seed: 1)
    let before = generator.state.scalars(as: UInt8.self)
    let input = Tensor.normal([8, 4], using: Generator(seed: 2))
    let layer = DropPath(rate: 0.5, using: generator)
    for phase in [Phase.score, .evaluate] {
      #expect(layer(input, in: phase).scalars(as: Float.self) == input.scalars(as: Float.self))
    }
    #expect(DropPath(rate: 0, using: generator)(input, in: .train).scalars(as: Float.self) == input.scalars())
    #expect(generator.state.scalars(as: UInt8.self) == before)
  }

  @Test func weightNormalizedLinearIsTorchs() throws {
    let fixture = try Fixtures.open("timm/weight_norm.safetensors")
    let layer = WeightNormalizedLinear(6, 5, trainsGain: true, using: Generator(seed: 0))
    #expect(layer.namedParameters().map(\.name) == ["weight_g", "weight_v"])
    try fixture.load(into: StateDictionary(of: layer)) { !$0.hasPrefix("fixture.") }
    let output = layer(try fixture.tensor("fixture.input"), in: .train)
    #expect(relativeError(output, try fixture.tensor("fixture.output")) < 1e-6)
    (output * (try fixture.tensor("fixture.factors"))).sum().backward()
    for (name, parameter) in layer.namedParameters() {
      let gradient = try #require(parameter.gradient)
      #expect(relativeError(gradient, try fixture.tensor("fixture.gradient.\(name)")) < 1e-5, "\(name)")
    }
  }

  @Test func aFrozenGainStaysInTheStateAlone() throws {
    let layer = WeightNormalizedLinear(6, 5, trainsGain: false, using: Generator(seed: 0))
    #expect(layer.namedState().map(\.name) == ["weight_g", "weight_v"])
    #expect(layer.namedParameters().map(\.name) == ["weight_v"])
    let output = layer(Tensor.identity(6), in: .train)
    #expect((output * output).sum(along: 0).scalars(as: Float.self).allSatisfy { abs($0 - 1) < 1e-5 })
    output.sum().backward()
    #expect(layer.weightG.gradient == nil)
  }

  @Test func layersWorkUnderAutocast() {
    let input = Tensor.normal([4, 8], using: Generator(seed: 1))
    let linear = WeightNormalizedLinear(8, 3, trainsGain: true, using: Generator(seed: 2))
    let exact = linear(input, in: .train)
    withAutocast(to: .bfloat16) {
      // Its outputs are divided by small temperatures, so it stays exact.
      #expect(linear(input, in: .train).scalars(as: Float.self) == exact.scalars(as: Float.self))
      #expect(Linear(8, 3, using: Generator(seed: 2))(input, in: .train).dtype == .bfloat16)
      #expect(LayerNorm(8)(input, in: .train).dtype == .float32)
      #expect(
        relativeError(LayerNorm(8)(input.converted(to: .bfloat16), in: .train), LayerNorm(8)(input, in: .train)) < 0.02)
      #expect(GELU()(input, in: .train).dtype == .float32)
    }
  }

  @Test func truncatedLinearStartsNarrowWithoutBias() {
    let layer = Linear(64, 128, initialization: .truncatedNormal, using: Generator(seed: 1))
    let variance = (layer.weight.value * layer.weight.value).mean().number
    #expect(abs(variance.squareRoot() - 0.02) < 0.001)
    #expect(layer.bias?.value.scalars(as: Float.self).allSatisfy { $0 == 0 } == true)
  }
}
