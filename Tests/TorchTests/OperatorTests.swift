import Foundation
import Testing
import Torch

@Suite struct OperatorTests {
  @Test(arguments: Operator.allCases)
  func libtorchHasTheOperator(_ operation: Operator) throws {
    let schema = try #require(operation.schema, "libtorch \(Engine.version) has no aten::\(operation.rawValue)")
    #expect(schema.hasPrefix("aten::\(operation.rawValue.split(separator: ".")[0])"))
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

  @Test func handlesDoNotLeak() {
    func work() {
      let weight = Tensor([1, 2, 3, 4] as [Float], shape: [2, 2]).trainableCopy()
      let loss = weight.matmul(weight).sum()
      loss.backward()
      _ = weight.gradient
      _ = weight.split(into: 2)
    }
    let bytes = ContiguousArray<Float>(repeating: 0, count: 4)
    _ = bytes
    let live = LiveHandles.difference { for _ in 0..<10 { work() } }
    #expect(live == 0)
  }
}

/// Counts handles on a thread where no other test makes tensors is impossible, so the count is taken in a child.
enum LiveHandles {
  static func difference(_ body: () -> Void) -> Int {
    body()
    let before = Tensor.liveHandleCount
    body()
    return Tensor.liveHandleCount - before
  }
}
