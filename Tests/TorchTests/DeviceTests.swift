import TestSupport
import Testing
import Torch

@Suite(.serialized) struct DeviceTests {
  @Test(.oneAtATime, arguments: otherDevices) func newTensorsAreMadeOnTheCurrentDevice(device: Device) {
    #expect(Device.current == .cpu)
    withDevice(device) {
      #expect(Device.current == device)
      let generator = Generator(seed: 1)
      for tensor in [
        .zeros([2]), .ones([2], dtype: .int64), .range(3), .identity(4), Tensor([1, 2] as [Float]),
        .normal([2, 3], using: generator), .uniform([2], in: 0...1, using: generator),
        .bernoulli([2], probability: 0.5, using: generator),
        .truncatedNormal([2], standardDeviation: 1, using: generator),
      ] { #expect(tensor.device == device) }
      withDevice(.cpu) { #expect(Tensor.zeros([1]).device == .cpu) }
      #expect(generator.state.device == .cpu)
    }
    #expect(Tensor.zeros([1]).device == .cpu)
  }

  /// So that a seed gives the same weights everywhere.
  @Test(.oneAtATime, arguments: otherDevices) func drawsAreTheSameOnEveryDevice(device: Device) {
    func draws() -> [[Float]] {
      let generator = Generator(seed: 3)
      return [
        Tensor.normal([17], using: generator).scalars(),
        Tensor.truncatedNormal([5], standardDeviation: 0.02, using: generator).scalars(),
        generator.state.scalars(),
      ]
    }
    #expect(withDevice(device, draws) == draws())
  }

  @Test(.oneAtATime, arguments: otherDevices) func movedTensorsKeepShapeTypeAndValues(device: Device) {
    let image = Tensor((0..<120).map(Float.init), shape: [2, 3, 4, 5]).converted(to: .bfloat16)
    let moved = image.moved(to: device)
    #expect(moved.shape == [2, 3, 4, 5] && moved.dtype == .bfloat16 && moved.device == device)
    #expect(moved.moved(to: .cpu).scalars(as: Float.self) == image.scalars(as: Float.self))
    #expect(moved.description == "bfloat16[2, 3, 4, 5] on \(device)")
    #expect(Tensor([2.5] as [Float]).moved(to: device).number == 2.5)
  }

  @Test(.enabled(if: Device.lazy != nil)) func devicesAreNotMixed() async {
    await #expect(processExitsWith: .failure) { _ = Tensor.zeros([2]).moved(to: Device.lazy!) + Tensor.zeros([2]) }
  }

  @Test func readingValuesIsCounted() {
    let x = Tensor([1, 2] as [Float])
    #expect(HostReads.count { _ = x + x } == 0)
    #expect(HostReads.count { _ = (x.scalars(as: Float.self), x.sum().number) } == 2)
  }
}

@Suite struct GPUTests {
  @Test func aReasonForNoGPUIsGivenInWords() {
    if let reason = Engine.reasonForNoGPU { #expect(reason.contains("libtorch")) }
  }

  @Test(.enabled(if: Engine.reasonForNoGPU == nil)) func memoryOfTheGPUIsMeasured() throws {
    try withDevice(.cuda) {
      Engine.resetPeakGPUMemory()
      let before = try #require(Engine.peakGPUMemory)
      #expect(Tensor.ones([1 << 20]).sum().number == Double(1 << 20))
      Engine.synchronize()
      #expect(try #require(Engine.peakGPUMemory) >= before + (4 << 20))
    }
    #expect(Engine.peakGPUMemory == nil)
  }
}
