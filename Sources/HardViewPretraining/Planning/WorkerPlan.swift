import Foundation
import ImageData
import Optimization
import RunConfiguration
import Torch

/// How long a step would take on many workers, from steps of one process.
///
/// Parts of the batch are trained on as one worker of many would, in a group whose other workers are pretended. That shows
/// what the computation takes for so many images, what would be sent, and how much of it while the backward pass runs;
/// the time on the way is worked out from the network's two figures. Workers that share a machine are there, and wait for
/// each other.
public struct WorkerPlan: Sendable {
  /// What was measured with one part of the batch.
  struct Trial: Sendable {
    /// Images in it.
    var images: Int
    /// Seconds in which a step computes.
    var computing: Double
    /// Seconds in which it waits for others of the same machine.
    var waiting: Double
    /// What a step would send.
    var exchanges: [PretendedWorkers.Exchange]
  }

  /// A step of so many workers.
  public struct Prediction: Sendable, Equatable {
    /// How many.
    public var workers: Int
    /// Images of each.
    public var images: Int
    /// Seconds in which each computes.
    public var computing: Double
    /// Seconds in which each waits for gradients, beyond its own backward pass.
    public var gradients: Double
    /// Seconds in which each waits for everything else: batch statistics, negatives, moments.
    public var others: Double
    /// Whether as many images were trained on; else the computation follows from fewer or more.
    public var isMeasured: Bool

    /// Seconds of the step.
    public var seconds: Double { computing + gradients + others }
  }

  /// Images in a step of all workers.
  public let batchSize: Int
  /// Steps an epoch.
  public let stepsPerEpoch: Int
  /// Epochs configured.
  public let epochs: Int
  /// What connects the workers.
  public let network: Network
  /// Workers that share a machine.
  public let workersPerMachine: Int
  /// From the smallest part on.
  let trials: [Trial]

  /// Predicts a step of so many workers; nil where the batch does not divide by their number.
  public func prediction(for workers: Int) -> Prediction? {
    guard workers >= 1, batchSize % workers == 0 else { return nil }
    let images = batchSize / workers
    let waiting = trials.map { network.waiting(for: $0.exchanges, among: workers) }
    return Prediction(
      workers: workers, images: images, computing: interpolated(at: images, trials.map(\.computing)),
      gradients: interpolated(at: images, waiting.map(\.gradients)),
      others: interpolated(at: images, zip(waiting, trials).map { $0.others + (workers > 1 ? $1.waiting : 0) }),
      isMeasured: trials.contains { $0.images == images })
  }

  /// How many times faster than one such worker with the whole batch.
  public func speedup(_ prediction: Prediction) -> Double { alone.seconds / prediction.seconds }

  /// One worker with the whole batch.
  private var alone: Prediction {
    Prediction(
      workers: 1, images: batchSize, computing: interpolated(at: batchSize, trials.map(\.computing)), gradients: 0,
      others: 0, isMeasured: false)
  }

  /// The fewest workers that spend more than half of their time on what more workers do not make shorter, and what most
  /// of that is; nil where no number does that divides the batch.
  public var saturation: (prediction: Prediction, cause: String)? {
    for workers in 2...max(2, batchSize) {
      guard let prediction = prediction(for: workers), speedup(prediction) < Double(workers) / 2 else { continue }
      let shared = alone.seconds / Double(workers)
      let causes = [
        (prediction.gradients, "waiting for gradients"),
        (prediction.others, "waiting for batch statistics and the rows of other workers"),
        (prediction.computing - shared, "computing that does not shrink with the number of images"),
      ]
      return (prediction, causes.max { $0.0 < $1.0 }!.1)
    }
    return nil
  }

  /// The number of workers whose step is shortest, of those that divide the batch.
  public var fastest: Prediction {
    (1...batchSize).compactMap { prediction(for: $0) }.min { $0.seconds < $1.seconds } ?? alone
  }

  /// A value of the trials between, or beyond, those next to a number of images; not below zero.
  private func interpolated(at images: Int, _ values: [Double]) -> Double {
    guard trials.count > 1 else { return values[0] * Double(images) / Double(trials[0].images) }
    let upper = min(max(trials.firstIndex { $0.images >= images } ?? trials.count - 1, 1), trials.count - 1)
    let (low, high) = (trials[upper - 1], trials[upper])
    let share = Double(images - low.images) / Double(high.images - low.images)
    return max(0, values[upper - 1] + share * (values[upper] - values[upper - 1]))
  }
}

extension WorkerPlan {
  /// Trains a network of its own on parts of batches for a few steps; leaves no trace.
  ///
  /// - Parameters:
  ///   - configuration: What is to be trained.
  ///   - workers: The numbers of workers that are of interest.
  ///   - network: What connects them.
  ///   - workersPerMachine: Workers that share a machine like this one: as many threads train at once.
  ///   - rounds: Steps that are timed with each part.
  ///   - onOpen: Told which images are used.
  /// - Throws: Errors of the data or the configuration; `ConfigurationError` where no number divides the batch;
  ///   `TorchError` when memory runs out.
  public static func measure(
    _ configuration: ResolvedConfiguration, workers: [Int], network: Network, workersPerMachine: Int = 1,
    rounds: Int = 5, onOpen: (any ImageDataset) -> Void = { _ in }
  ) throws -> WorkerPlan {
    let dataset = try configuration.open(split: .train)
    onOpen(dataset)
    let training = configuration.values.training
    let parts = try sizes(of: training.batchSize, accumulation: training.accumulation, workers: workers)
    var trials: [Trial] = []
    for images in parts {
      // Another one twice as large takes at most twice as long.
      if trials.count > 1, trials.last!.computing > longestTrial / 2 { break }
      trials.append(
        try trial(configuration, on: dataset, images, rounds: rounds, besides: workersPerMachine - 1))
    }
    return WorkerPlan(
      batchSize: training.batchSize, stepsPerEpoch: dataset.count / training.batchSize,
      epochs: training.epochs, network: network, workersPerMachine: workersPerMachine, trials: trials)
  }

  /// Seconds that a step of a trial should not exceed by much.
  private static let longestTrial = 4.0

  /// Parts of a batch that are tried: that of the most workers, and larger ones, each at least twice the one before, up to
  /// that of the fewest.
  static func sizes(of batchSize: Int, accumulation: Int, workers: [Int]) throws(ConfigurationError) -> [Int] {
    let fitting = workers.filter { batchSize % ($0 * accumulation) == 0 }
    guard let most = fitting.max(), let fewest = fitting.min() else {
      let counts = workers.map(String.init).joined(separator: " or ")
      let parts = accumulation > 1 ? " and training.accumulation \(accumulation)" : ""
      throw ConfigurationError(
        path: "training.batch_size",
        problem: .invalid("is \(batchSize), which does not divide into equal parts for \(counts) workers\(parts)"))
    }
    let divisors = (1...batchSize).filter { batchSize % $0 == 0 && $0 % accumulation == 0 }
    var sizes = [batchSize / most]
    for divisor in divisors where divisor >= 2 * sizes.last! {
      // A line needs two points.
      guard divisor <= batchSize / fewest || sizes.count == 1 else { break }
      sizes.append(divisor)
    }
    return sizes
  }

  /// Times steps with a part of the batch, while others on the machine do the same.
  private static func trial(
    _ configuration: ResolvedConfiguration, on dataset: any ImageDataset, _ images: Int, rounds: Int,
    besides others: Int
  ) throws -> Trial {
    let count = configuration.values.training.batchSize / images
    let rendezvous = Rendezvous(count: others + 1)
    @Sendable func withSteps<Result>(
      _ body: (_ step: () throws -> Double, _ group: PretendedWorkers) throws -> Result
    ) throws -> Result {
      let group = PretendedWorkers(count: count, meeting: rendezvous)
      return try withWorkers(group) {
        let timer = try StepTimers.make(configuration, dataset: dataset)
        try timer.add(configuration.values.selection, named: "configured")
        func step() throws -> Double {
          _ = group.takeExchanges()
          let seconds = try timer.wholeStep("configured")
          // The loop asks after each step whether a worker wants to end, or to save.
          _ = group.anyAgrees(false)
          return seconds
        }
        // The first steps allocate.
        for _ in 0..<2 { _ = try step() }
        return try body(step, group)
      }
    }
    let load = MachineLoad(threads: others) { isWanted in
      // Nobody is to wait for one that failed.
      defer { rendezvous.end() }
      try withSteps { step, _ in
        while isWanted() { _ = try step() }
      }
    }
    let trial = Result {
      defer { rendezvous.end() }
      return try withSteps { step, group in
        try load.waitUntilBusy()
        let before = group.waitedSeconds
        let seconds = try (0..<rounds).map { _ in try step() }.sorted()
        let waiting = (group.waitedSeconds - before) / Double(rounds)
        return Trial(
          images: images, computing: max(0, seconds[rounds / 2] - waiting), waiting: waiting,
          exchanges: group.takeExchanges())
      }
    }
    try load.end()
    return try trial.get()
  }
}
