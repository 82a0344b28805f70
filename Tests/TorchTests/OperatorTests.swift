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
