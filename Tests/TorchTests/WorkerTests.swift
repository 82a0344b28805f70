import Foundation
import TestSupport
import Testing
import Torch

/// Workers on threads of one process, held against one worker that has everything.
@Suite struct WorkerTests {
  @Test func sumsAndRowsAreThoseOfAllWorkers() throws {
    let results = try onWorkers(3) { workers in
      let own = Tensor([Float(workers.rank), 10])
      return [
        workers.sum(own).scalars(as: Float.self), workers.mean(own).scalars(as: Float.self),
        workers.gathered(own.reshaped([1, 2])).scalars(as: Float.self),
      ]
    }
    for result in results { #expect(result == [[3, 30], [1, 10], [0, 10, 1, 10, 2, 10]]) }
  }

  /// L = mean over workers of w_r · f(all rows): every worker's loss depends on every worker's rows.
  @Test func gradientsOfGatheredRowsAreTheTrueOnes() throws {
    let rows = Tensor.normal([4, 3], using: Generator(seed: 1))
    @Sendable func loss(_ all: Tensor, of own: Tensor) -> Tensor {
      (own.matmul(all.transposed()).logSumExponential(along: 1)).mean()
    }
    let whole = rows.trainableCopy()
    loss(whole, of: whole).backward()
    let expected = whole.gradient!.scalars(as: Double.self)
    let parts = try onWorkers(2) { workers in
      let own = rows.narrowed(along: 0, from: workers.rank * 2, count: 2).trainableCopy()
      loss(workers.gathered(own), of: own).backward()
      // The loss of all is the mean of the workers' losses.
      return (own.gradient! / 2).scalars(as: Double.self)
    }
    #expect(relativeError(Tensor(parts.flatMap { $0 }), Tensor(expected)) < 1e-6)
  }

  @Test func gradientsOfSumsAreTheTrueOnes() throws {
    let results = try onWorkers(2) { workers in
      let own = Tensor([Float(workers.rank + 1)]).trainableCopy()
      // Worker r's loss is (r + 1) · (x₀ + x₁)², and Σ r + 1 = 3.
      let sum = workers.sum(own)
      (sum * sum * Double(workers.rank + 1)).sum().backward()
      return own.gradient!.number
    }
    #expect(results == [18, 18])
  }

  @Test(arguments: [[6, 4], [6, 4, 5, 3]])
  func normalizationIsThatOfTheWholeBatch(shape: [Int]) throws {
    let generator = Generator(seed: 2)
    let input = Tensor.normal(shape, using: generator) * 2.0 + 30.0
    let target = Tensor.normal(shape, using: generator)
    let (scale, shift) = (Tensor.normal([4], using: generator), Tensor.normal([4], using: generator))
    let whole = [input, scale, shift].map { $0.trainableCopy() }
    let expected = whole[0].batchNormalized(
      weight: whole[1], bias: whole[2], runningMean: nil, runningVariance: nil, usesBatchStatistics: true,
      momentum: 0.1,
      epsilon: 1e-5)
    (expected * target).sum().backward()
    let parts = try onWorkers(3) { workers in
      let own = [input.narrowed(along: 0, from: workers.rank * 2, count: 2), scale, shift].map { $0.trainableCopy() }
      let rows = own[0].batchNormalized(weight: own[1], bias: own[2], epsilon: 1e-5, over: workers).rows
      (rows * target.narrowed(along: 0, from: workers.rank * 2, count: 2)).sum().backward()
      return [rows] + own.map { $0.gradient! }
    }
    #expect(relativeError(.concatenated(parts.map { $0[0] }), expected) < 1e-4)
    #expect(relativeError(.concatenated(parts.map { $0[1] }), whole[0].gradient!) < 1e-4)
    // Parameters' gradients are summed when they are averaged.
    for parameter in [2, 3] {
      let sum = parts[0][parameter] + parts[1][parameter] + parts[2][parameter]
      #expect(relativeError(sum, whole[parameter - 1].gradient!) < 1e-4)
    }
  }

  @Test func gradientsAreAveragedWhileTheyAreMadeWhateverWasThereBefore() throws {
    let weight = Tensor.normal([3_000, 3_000], using: Generator(seed: 3))
    let results = try onWorkers(2) { workers in
      let leaves = [weight.trainableCopy(), Tensor.ones([2]).trainableCopy(), Tensor.ones([5]).trainableCopy()]
      for factor in [1.0, 2.0] {
        // The last leaf has no part in the loss; the first fills a bucket of its own.
        let loss = leaves[0].mean() * 9e6 * (Double(workers.rank) + factor) + leaves[1].sum() * Double(workers.rank)
        if factor == 1 { loss.backward() } else { workers.averagingGradients(of: leaves) { loss.backward() } }
      }
      #expect(leaves[2].gradient == nil)
      return [leaves[0].gradient!.mean().number, leaves[0].gradient!.minimum(along: 0).mean().number]
        + leaves[1].gradient!.scalars(as: Double.self)
    }
    // Worker 0: 1 + 2 and 0 + 0; worker 1: 2 + 3 and 1 + 1.
    for result in results { #expect(relativeError(Tensor(result), Tensor([4, 4, 1, 1] as [Double])) < 1e-5) }
  }

  @Test func textsAndAnswersReachAll() throws {
    let results = try onWorkers(3) { workers in
      (
        try workers.gathered(workers.rank == 1 ? "" : "worker \(workers.rank), ä"),
        try workers.anyAgrees(workers.rank == 2),
        try workers.anyAgrees(false)
      )
    }
    for (texts, some, none) in results {
      #expect(texts == ["worker 0, ä", "", "worker 2, ä"])
      #expect(some && !none)
    }
  }

  @Test func theFirstDifferenceAndTheFirstFailureAreKnownToAll() throws {
    struct Failure: Error, CustomStringConvertible { let description = "no disk" }
    let results = try onWorkers(3) { workers -> [String] in
      func message(_ body: () throws -> Void) -> String {
        do {
          try body()
          return "none"
        } catch {
          return "\(error)"
        }
      }
      return [
        message { try workers.requireAgreement(on: "list", "a\nb") },
        message { try workers.requireAgreement(on: "list", workers.rank == 2 ? "a" : "a\nb") },
        message { try workers.agreeing { if workers.rank == 1 { throw Failure() } } },
        message { try workers.agreeing {} },
      ]
    }
    for (rank, messages) in results.enumerated() {
      #expect(messages[0] == "none" && messages[3] == "none")
      #expect(messages[1].contains("on the list: worker 0 has 'b', worker 2 has 'nothing'"), "\(messages[1])")
      #expect(messages[2] == (rank == 1 ? "no disk" : "Worker 1 ended: no disk"))
    }
  }

  @Test func aWorkerThatDoesNotAnswerIsAnErrorAndIsNamed() throws {
    let results = try onWorkers(2, timeout: 2) { workers -> [String?] in
      guard workers.rank == 0, let group = workers as? WorkerGroup else {
        Thread.sleep(forTimeInterval: 6)
        return []
      }
      let error = #expect(throws: TorchError.self) {
        try throwingExhaustion {
          let leaf = Tensor.ones([2]).trainableCopy()
          workers.averagingGradients(of: [leaf]) { leaf.sum().backward() }
        }
      }
      #expect(error?.kind == .workers)
      return group.reports(after: "step 3", waiting: 0.5)
    }
    #expect(results[0] == ["step 3", nil])
  }

  @Test func aPortInUseIsNamed() throws {
    let port = freePort()
    func meeting(_ name: String) -> WorkerGroup.Meeting {
      WorkerGroup.Meeting(name: name, host: "127.0.0.1", port: port, rank: 0, count: 2, timeout: 1)
    }
    // Nobody else comes.
    let error = #expect(throws: WorkersError.self) { try WorkerGroup(meeting("a")) }
    #expect(error?.description.contains("waited 1 s for the others at 127.0.0.1:\(port)") == true)
  }
}
