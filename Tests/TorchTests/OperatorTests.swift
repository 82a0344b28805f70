import Foundation
import Testing
import Torch

@Suite struct OperatorTests {
  @Test(arguments: Operator.allCases)
  func libtorchHasTheOperator(_ operation: Operator) throws {
    if operation.name.hasPrefix("onednn::"), !QuantizedConvolution.isAvailable { return }
    let schema = try #require(operation.schema, "libtorch \(Engine.version) has no \(operation.name)")
    #expect(schema.hasPrefix(operation.name))
  }

  @Test func misuseTrapsWithOperatorShapesAndReason() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.zeros([2, 3]).matmul(.zeros([2, 3]))
    }
    let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(text.contains("aten::matmul(float32[2, 3], float32[2, 3])"))
    #expect(text.contains("cannot be multiplied"))
  }

  /// oneDNN writes beyond its memory here (`Engine.overrunsStridedConvolutions`), and crashes within some repetitions.
  @Test func stridedConvolutionsOfFewChannelsStayWithinTheirMemory() async {
    await #expect(processExitsWith: .success) {
      Engine.setThreadCount(2)
      for repetition in 0..<60 {
        let generator = Generator(seed: UInt64(repetition))
        let images = Tensor.normal([3, 8, 16, 16], using: generator).channelsLast().trainableCopy()
        let weight = Tensor.normal([16, 8, 1, 1], using: generator).trainableCopy()
        images.convolved2d(weight: weight, stride: 2).sum().backward()
        let gradient = images.gradient!.scalars(as: Double.self)
        let sums = weight.detached().sum(along: 0).scalars(as: Double.self)
        let isRight = gradient.indices.allSatisfy { place in
          let (x, y, channel) = (place % 16, place / 16 % 16, place / 256 % 8)
          return abs(gradient[place] - (x % 2 == 0 && y % 2 == 0 ? sums[channel] : 0)) < 1e-4
        }
        guard isRight else { fatalError("gradients of repetition \(repetition)") }
      }
    }
  }

  /// oneDNN's kernels for AMX leave a part of these gradients as the memory was.
  @Test(arguments: [DType.bfloat16, .float32], [1, 4])
  func convolutionsOfOneColumnHaveGradientsOfAllWeights(dtype: DType, rows: Int) {
    for repetition in 0..<20 {
      let generator = Generator(seed: UInt64(repetition))
      let images = Tensor.normal([3, 16, rows, 1], using: generator).converted(to: dtype).channelsLast()
      let weight = Tensor.normal([2, 16, 3, 3], using: generator).converted(to: dtype).trainableCopy()
      // What freed memory may hold.
      for size in [1 << 10, 1 << 12, 1 << 14] { _ = Tensor.full([size], .nan, dtype: dtype) }
      images.convolved2d(weight: weight, stride: 2, padding: 1).sum().backward()
      let gradient = weight.gradient!.converted(to: .float32).scalars(as: Double.self)
      let pixels = images.sum(along: 0, 3).converted(to: .float32).scalars(as: Double.self)
      for (place, value) in gradient.enumerated() {
        let (column, row, channel) = (place % 3, place / 3 % 3, place / 9 % 16)
        let met = (0..<(rows + 1) / 2).map { 2 * $0 + row - 1 }.filter { 0..<rows ~= $0 && column == 1 }
        let expected = met.reduce(0.0) { $0 + pixels[channel * rows + $1] }
        guard abs(value - expected) < 0.1 else {
          Issue.record("gradient \(place) of repetition \(repetition) is \(value) instead of \(expected)")
          return
        }
      }
    }
  }

  @Test func exhaustionIsThrownOnce() {
    let before = Tensor([1, 2] as [Float])
    let error = #expect(throws: TorchError.self) {
      try throwingExhaustion {
        let huge = Tensor.zeros([1 << 40, 1 << 10])
        return (huge + before.sum()).shape[1]
      }
    }
    #expect(error?.operation == "aten::full")
    #expect(error?.description.contains("smaller batch") == true)
    #expect((before + before).scalars() == [2, 4] as [Float])
  }

  @Test func nothingChangesAfterExhaustion() throws {
    let target = Tensor([1, 2] as [Float])
    #expect(throws: TorchError.self) {
      try throwingExhaustion {
        _ = Tensor.zeros([1 << 50])
        target.addInPlace(.ones([2]))
      }
    }
    #expect(target.scalars() == [1, 2] as [Float])
  }

  /// In a process of its own, where no other test makes tensors.
  @Test func handlesDoNotLeak() async {
    await #expect(processExitsWith: .success) {
      func work() {
        let weight = Tensor([1, 2, 3, 4] as [Float], shape: [2, 2]).trainableCopy()
        let loss = weight.matmul(weight).sum()
        loss.backward()
        _ = weight.gradient
        _ = weight.split(into: 2)
        _ = try? throwingExhaustion { Tensor.zeros([1 << 50]) }
      }
      work()
      let live = Tensor.liveHandleCount
      for _ in 0..<10 { work() }
      exit(Tensor.liveHandleCount == live ? 0 : 1)
    }
  }
}
