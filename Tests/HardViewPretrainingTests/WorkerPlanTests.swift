import Foundation
import RunConfiguration
import Synchronization
import TestSupport
import Testing
import Torch

@testable import HardViewPretraining

@Suite struct WorkerPlanTests {
  private let network = Network(bytesPerSecond: 1e6, latency: 0.001)

  /// A plan from trials whose steps take 1 s and 0.1 s for each image.
  private func plan(exchanges: @escaping (Int) -> [PretendedWorkers.Exchange]) -> WorkerPlan {
    WorkerPlan(
      batchSize: 64, stepsPerEpoch: 10, epochs: 2, network: network, workersPerMachine: 1,
      trials: [2, 8, 32].map { images in
        .init(
          images: images, computing: 1 + 0.1 * Double(images), waiting: 0,
          exchanges: exchanges(images))
      })
  }

  /// A ring, message by message: each worker hands on what it got last.
  private func gatherByMessages(bytes: Double, among workers: Int) -> Double {
    var held = (0..<workers).map { [$0] }
    var now = 0.0
    while held.contains(where: { $0.count < workers }) {
      let sent = held.map { $0.last! }
      for worker in 0..<workers { held[worker].append(sent[(worker + workers - 1) % workers]) }
      now += network.latency + bytes / network.bytesPerSecond
    }
    return now
  }

  @Test(arguments: [2, 3, 8])
  func exchangesTakeWhatRingsTake(workers: Int) {
    let gather = network.seconds(of: .init(.gather, bytes: 1_000), among: workers)
    #expect(abs(gather - gatherByMessages(bytes: 1_000, among: workers)) < 1e-12)
    // A sum is reduced in parts, one for each worker, and gathered.
    let sum = network.seconds(of: .init(.sum, bytes: 1_000), among: workers)
    #expect(abs(sum - 2 * gatherByMessages(bytes: 1_000 / Double(workers), among: workers)) < 1e-12)
  }

  @Test func bucketsHideBehindTheBackwardPassAndQueue() {
    // Between two workers, 0.002 s + 1 s for each million bytes.
    func waiting(_ leeways: [Double]) -> Double {
      network.waiting(for: leeways.map { .init(.sum, bytes: 1_000_000, leeway: $0) }, among: 2).gradients
    }
    #expect(abs(waiting([0]) - 1.002) < 1e-9)
    #expect(waiting([1.5]) == 0)
    #expect(abs(waiting([0.5]) - 0.502) < 1e-9)
    // The second has to let the first pass.
    #expect(abs(waiting([0.5, 0.4]) - 1.504) < 1e-9)
    #expect(abs(waiting([3, 0]) - 1.002) < 1e-9)
    let mixed = network.waiting(for: [.init(.gather, bytes: 0), .init(.sum, bytes: 0, leeway: 1)], among: 3)
    #expect(mixed.gradients == 0 && abs(mixed.others - 0.002) < 1e-12)
    #expect(network.waiting(for: [.init(.sum, bytes: 9)], among: 1) == (0, 0))
  }

  /// All have the same figures, and predict with them what was measured.
  @Test func networksAreMeasuredAndAgreedOn() throws {
    let results = try onWorkers(3) { workers in
      let network = try Network.measured(over: workers)
      return [network.bytesPerSecond, network.latency, network.seconds(of: .init(.sum, bytes: 64 << 20), among: 3)]
    }
    #expect(results[0] == results[1] && results[0] == results[2])
    #expect(results[0].allSatisfy { $0 > 0 && $0.isFinite })
  }

  @Test func predictsBetweenAndBeyondTrials() throws {
    let plan = plan { [.init(.gather, bytes: 100 * $0)] }
    for workers in [1, 2, 4, 8, 16, 32, 64] {
      let (step, images) = (try #require(plan.prediction(for: workers)), 64 / workers)
      #expect(step.images == images && step.isMeasured == [2, 8, 32].contains(images))
      #expect(abs(step.computing - (1 + 0.1 * Double(images))) < 1e-9)
      #expect(abs(step.others - Double(workers - 1) * (0.001 + 1e-4 * Double(images))) < 1e-9)
      #expect(abs(plan.speedup(step) - 7.4 / step.seconds) < 1e-9)
    }
    #expect(plan.prediction(for: 3) == nil && plan.prediction(for: 128) == nil && plan.prediction(for: 0) == nil)
  }

  @Test func saysWhereAndWhyItSaturates() throws {
    // One worker takes 7.4 s; 16 take 1.4 s, more than 2 · 7.4 / 16, for the second that does not shrink.
    let computing = try #require(plan { _ in [] }.saturation)
    #expect(computing.prediction.workers == 16 && computing.cause.contains("computing"))
    let gradients = try #require(plan { _ in [.init(.sum, bytes: 5_000_000, leeway: 0.1)] }.saturation)
    #expect(gradients.prediction.workers == 2 && gradients.cause.contains("gradients"))
    let others = try #require(plan { _ in Array(repeating: .init(.gather, bytes: 0), count: 1_000) }.saturation)
    #expect(others.prediction.workers == 4 && others.cause.contains("statistics"))
    let plan = plan { _ in [.init(.sum, bytes: 100_000, leeway: 0)] }
    let brute = [1, 2, 4, 8, 16, 32, 64].min {
      plan.prediction(for: $0)!.seconds < plan.prediction(for: $1)!.seconds
    }
    #expect(plan.fastest.workers == brute)
  }

  @Test func oneWorkerWaitsForNobody() throws {
    let plan = WorkerPlan(
      batchSize: 8, stepsPerEpoch: 1, epochs: 1, network: network, workersPerMachine: 2,
      trials: [2, 4].map { .init(images: $0, computing: Double($0), waiting: 5, exchanges: []) })
    #expect(plan.prediction(for: 1)?.seconds == 8 && plan.prediction(for: 2)?.seconds == 9)
    #expect(plan.fastest.workers == 8)
  }

  @Test func triesThePartOfTheMostWorkersAndLargerOnes() throws {
    #expect(try WorkerPlan.sizes(of: 64, accumulation: 1, workers: [32, 8]) == [2, 4, 8])
    #expect(try WorkerPlan.sizes(of: 96, accumulation: 1, workers: [96, 7]) == [1, 2])
    #expect(try WorkerPlan.sizes(of: 64, accumulation: 4, workers: [8]) == [8, 16])
    #expect(try WorkerPlan.sizes(of: 64, accumulation: 1, workers: [1]) == [64])
    let error = #expect(throws: ConfigurationError.self) {
      try WorkerPlan.sizes(of: 64, accumulation: 2, workers: [3, 64])
    }
    #expect("\(try #require(error))".contains("3 or 64 workers"))
  }

  /// What a step of SimSiam sends: gradients, and statistics of every batch normalization, forward and back.
  @Test func measuresARealStep() throws {
    try withTemporaryDirectory { folder in
      let run = try TinyRun(in: folder)
      let plan = try WorkerPlan.measure(
        run.configuration(), workers: [2, 4], network: network, workersPerMachine: 2, rounds: 1)
      #expect(plan.trials.map(\.images) == [4, 8])
      for trial in plan.trials {
        #expect(trial.computing > 0)
        let gradients = trial.exchanges.filter { $0.leeway != nil }
        #expect(!gradients.isEmpty && trial.exchanges.contains { $0.kind == .gather })
      }
      // Gradients are as many whatever the part.
      let bytes = plan.trials.map { $0.exchanges.filter { $0.leeway != nil }.map(\.bytes) }
      #expect(bytes[0] == bytes[1])
    }
  }

  /// What fails beside the worker that is measured is said, and everything ends.
  @Test func loadFailsAloud() throws {
    struct Failure: Error {}
    let load = MachineLoad(threads: 3) { isWanted in
      _ = isWanted()
      throw Failure()
    }
    #expect(throws: Failure.self) { try load.end() }
    let early = MachineLoad(threads: 1) { _ in throw Failure() }
    #expect(throws: Failure.self) { try early.waitUntilBusy() }
    // The end is that of the last round of all.
    let ended = Mutex(0)
    let sound = MachineLoad(threads: 2) { isWanted in
      while isWanted() { Thread.sleep(forTimeInterval: 0.01) }
      ended.withLock { $0 += 1 }
    }
    try sound.waitUntilBusy()
    #expect(ended.withLock { $0 } == 0)
    try sound.end()
    #expect(ended.withLock { $0 } == 2)
  }
}
