import TestSupport
import Testing
import Torch

/// Pretended workers, held against real ones that all have the same.
@Suite struct PretendedWorkersTests {
  private static let rows = Tensor.normal([6, 4], using: Generator(seed: 1))

  /// Values and gradients of one worker: a sum, gathered rows, batch statistics, and averaged gradients.
  private func results(with workers: any Communicator) -> [Tensor] {
    let rows = Self.rows.trainableCopy()
    let weight = Tensor.ones([4]).trainableCopy()
    let normalized = rows.batchNormalized(weight: weight, bias: nil, epsilon: 1e-5, over: workers).rows
    let all = workers.gathered(normalized)
    let loss = normalized.matmul(all.transposed()).logSumExponential(along: 1).mean()
    let common = workers.mean(normalized * normalized * normalized).sum()
    let total = loss + common
    workers.averagingGradients(of: [weight]) { total.backward() }
    return [total.detached(), rows.gradient!, weight.gradient!]
  }

  @Test(arguments: [2, 3])
  func computeWhatWorkersWithTheSameRowsDo(count: Int) throws {
    let real = try onWorkers(count) { results(with: $0) }
    let pretended = results(with: PretendedWorkers(count: count))
    for (one, other) in zip(real[0], pretended) { #expect(relativeError(other, one) < 1e-5) }
  }

  @Test func recordWhatWouldBeSent() throws {
    let workers = PretendedWorkers(count: 4)
    #expect(workers.anyAgrees(true) && !workers.anyAgrees(false))
    #expect(workers.gathered("abc") == ["abc", "abc", "abc", "abc"])
    #expect(workers.sum(Tensor.ones([5])).scalars(as: Float.self) == [4, 4, 4, 4, 4])
    #expect(workers.gathered(Tensor.ones([2, 3])).shape == [8, 3])
    #expect(
      workers.takeExchanges() == [
        .init(.sum, bytes: 4), .init(.sum, bytes: 4), .init(.gather, bytes: 8), .init(.gather, bytes: 3),
        .init(.sum, bytes: 20), .init(.gather, bytes: 24),
      ])
    #expect(workers.takeExchanges().isEmpty)
  }

  /// The first bucket is full long before the backward pass ends, the rest is sent when it has ended.
  @Test func gradientsHaveTheLeewayOfTheBackwardPass() throws {
    let workers = PretendedWorkers(count: 2)
    let (input, first) = (Tensor.ones([5]).trainableCopy(), Tensor.ones([5]).trainableCopy())
    let large = Tensor.ones([3_000, 3_000]).trainableCopy()
    workers.averagingGradients(of: [first, large, input]) {
      ((input * first).sum() * 2.0 + large.sum()).backward()
    }
    let sent = workers.takeExchanges()
    #expect(sent.map(\.bytes).reduce(0, +) == 4 * (9_000_000 + 10) && sent.allSatisfy { $0.kind == .sum })
    let leeways = sent.compactMap(\.leeway)
    #expect(sent.count == 2 && leeways.count == 2 && leeways.allSatisfy { $0 >= 0 } && leeways == leeways.sorted(by: >))
    #expect(first.gradient!.scalars(as: Float.self) == [2, 2, 2, 2, 2])
  }
}
