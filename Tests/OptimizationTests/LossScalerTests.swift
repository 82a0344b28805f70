import NeuralNetworks
import Optimization
import Testing
import Torch

@Suite struct LossScalerTests {
  private func gradient(of loss: Tensor, in parameter: Parameter) -> Tensor {
    parameter.clearGradient()
    loss.backward()
    return parameter.gradient!
  }

  /// float16 holds nothing below 6 · 10⁻⁸, so without scaling this gradient is lost.
  @Test func smallGradientsSurviveFloat16() {
    let parameter = Parameter(Tensor([1, 2] as [Float]))
    func loss() -> Tensor { (parameter.value.converted(to: .float16) * 1e-8).converted(to: .float32).mean() }
    #expect(gradient(of: loss(), in: parameter).scalars() == [0, 0] as [Float])
    let scaler = LossScaler()
    let scaled = gradient(of: scaler.scaled(loss()), in: parameter)
    #expect(scaler.unscale([scaled]).number == 1)
    for value in scaled.scalars(as: Double.self) { #expect(abs(value - 0.5e-8) < 1e-10) }
  }

  @Test func theFactorFallsAtOverflowsAndGrowsAfterAWhile() {
    let scaler = LossScaler(interval: 3)
    func step(_ value: Float) -> Bool { scaler.unscale([Tensor([1, value]), Tensor([2] as [Float])]).number == 1 }
    #expect(scaler.factor == 65536)
    for value in [Float.infinity, .nan, -.infinity] { #expect(!step(value)) }
    #expect(scaler.factor == 8192)
    #expect(step(1) && step(1))
    #expect(scaler.factor == 8192)
    #expect(step(1))
    #expect(scaler.factor == 16384)
    // An overflow starts the count anew.
    #expect(step(1) && step(1) && !step(.infinity) && step(1) && step(1))
    #expect(scaler.factor == 8192)
    #expect(step(1))
    #expect(scaler.factor == 16384)
  }

  @Test func gradientsAreDividedByTheFactor() {
    let gradients = [Tensor([65536, -131072] as [Float]), Tensor([0.5] as [Float])]
    #expect(LossScaler().unscale(gradients).number == 1)
    #expect(gradients[0].scalars() == [1, -2] as [Float])
    #expect(gradients[1].scalars() == [0.5 / 65536] as [Float])
  }

  @Test func theStateContinues() {
    let (first, second) = (LossScaler(interval: 2), LossScaler(interval: 2))
    _ = first.unscale([Tensor([Float.nan])])
    _ = first.unscale([Tensor([1] as [Float])])
    withoutGradients {
      for (a, b) in zip(second.state, first.state) { a.buffer.value.copyInPlace(from: b.buffer.value) }
    }
    for scaler in [first, second] {
      #expect(scaler.unscale([Tensor([1] as [Float])]).number == 1 && scaler.factor == 65536)
    }
  }
}
