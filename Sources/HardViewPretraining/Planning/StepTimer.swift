import HardViewSelection
import ImageData
import NeuralNetworks
import Objectives
import Optimization
import Torch

/// Takes training steps by several policies in turns, all on the same networks, and times them.
public protocol StepTiming: AnyObject {
  /// Adds a policy.
  /// - Throws: `ConfigurationError` for one that is not known.
  func add(_ selection: SelectionConfiguration, named name: String) throws
  /// Takes a step by a policy that was added and returns its seconds: selecting and training.
  ///
  /// Views that the loader would have rendered beforehand are rendered before the time starts; those that are rendered
  /// once it is known which ones are chosen count.
  func step(_ name: String) throws -> Double
  /// Takes a step by a policy on the next batch that its loader makes, as a run does, and returns its seconds: loading,
  /// as far as training waits for it, selecting and training.
  func wholeStep(_ name: String) throws -> Double
  /// The most memory ever held, in bytes: of the process, or of the GPU where steps are taken there.
  func peakBytes() throws -> Int
}

/// Makes timers of training steps.
public enum StepTimers {
  /// A timer of a configuration's steps; its policies are added to it.
  ///
  /// - Parameter dataset: Images to cycle through, at least a batch; of several workers, each takes its part.
  public static func make(_ configuration: ResolvedConfiguration, dataset: any ImageDataset) throws -> any StepTiming {
    try configuration.checkMachine(batchSize: configuration.values.training.batchSize / Workers.current.count)
    return try configuration.withParts(TimerMaker(dataset: dataset))
  }

  private struct TimerMaker: PartsConsumer {
    var dataset: any ImageDataset

    func use<Method: SelfSupervisedMethod>(_ parts: PretrainingParts<Method>) throws -> any StepTiming {
      StepTimer(parts, dataset: dataset)
    }
  }
}

private final class StepTimer<Method: SelfSupervisedMethod>: StepTiming {
  private struct Timed {
    let learner: HardViewLearner<Method>
    /// Loads beside the steps, as a run does.
    let feed: BatchFeed
    /// Loads between the steps.
    let quietFeed: BatchFeed
    var place: TrainingProgress
    var quietPlace: TrainingProgress
  }

  private let parts: PretrainingParts<Method>
  private let dataset: any ImageDataset
  private var policies: [String: Timed] = [:]
  private var position = TrainingProgress(stepsPerEpoch: 1_000, totalEpochs: 1_000)

  init(_ parts: PretrainingParts<Method>, dataset: any ImageDataset) {
    self.parts = parts
    self.dataset = dataset
  }

  func add(_ selection: SelectionConfiguration, named name: String) throws {
    try parts.configuration.device.use {
      let learner = try parts.learner(selection, accumulation: parts.configuration.training.accumulation)
      func loader(threads: Int?) throws -> ViewLoader {
        try parts.loader(of: dataset, for: learner.selection, threads: threads, skipped: SkippedImages(maximumShare: 1))
      }
      let (loud, quiet) = (try loader(threads: nil), try loader(threads: 0))
      let place = TrainingProgress(stepsPerEpoch: loud.batchesPerEpoch, totalEpochs: .max / loud.batchesPerEpoch)
      policies[name] = Timed(
        learner: learner, feed: BatchFeed(loud), quietFeed: BatchFeed(quiet), place: place, quietPlace: place)
    }
  }

  func step(_ name: String) throws -> Double {
    try parts.configuration.device.use {
      let policy = policy(name)
      let batch = try policy.quietFeed.next(at: policy.quietPlace)
      policies[name]!.quietPlace.step += 1
      return try timed { try take(policy, on: batch) }
    }
  }

  func wholeStep(_ name: String) throws -> Double {
    try parts.configuration.device.use {
      let policy = policy(name)
      policies[name]!.place.step += 1
      return try timed { try take(policy, on: policy.feed.next(at: policy.place)) }
    }
  }

  func peakBytes() throws -> Int { try parts.configuration.device.use { ProcessMemory.now.peak } }

  private func policy(_ name: String) -> Timed {
    guard let policy = policies[name] else { preconditionFailure("no policy '\(name)' was added") }
    return policy
  }

  private func take(_ policy: Timed, on batch: ViewBatch) throws {
    let step = try policy.learner.step(on: batch, in: StepContext(position, BatchDraw(batch, step: position.step)))
    let loss = step.loss.number
    guard loss.isFinite else {
      throw NonFiniteLossError(epoch: position.epoch, step: position.stepInEpoch, loss: loss)
    }
  }

  private func timed(_ body: () throws -> Void) rethrows -> Double {
    Engine.synchronize()
    let start = ContinuousClock.now
    try body()
    Engine.synchronize()
    position.step += 1
    return (ContinuousClock.now - start) / .seconds(1)
  }
}
