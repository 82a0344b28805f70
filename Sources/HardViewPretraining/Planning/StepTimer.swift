import ImageData
import NeuralNetworks
import Optimization
import RunConfiguration
import Torch

/// Takes training steps by several rules of selection in turns, all on the same networks, and times them.
public protocol StepTiming: AnyObject {
  /// Adds a rule.
  func add(_ selection: SelectionConfiguration, named name: String)
  /// Takes a step by a rule that was added and returns its seconds: selecting and training.
  ///
  /// Views that the loader would have rendered beforehand are rendered before the time starts; those that are rendered
  /// once it is known which ones are chosen count.
  func step(_ name: String) throws -> Double
  /// Takes a step by a rule on the next batch that its loader makes, as a run does, and returns its seconds: loading,
  /// as far as training waits for it, selecting and training.
  func wholeStep(_ name: String) throws -> Double
  /// The most memory ever held, in bytes: of the process, or of the GPU where steps are taken there.
  func peakBytes() throws -> Int
}

/// Makes timers of training steps.
public enum StepTimers {
  /// A timer of a configuration's steps; its rules are added to it.
  ///
  /// - Parameters:
  ///   - dataset: Images to cycle through, at least a batch.
  ///   - batches: How many batches are loaded beforehand and cycled through.
  public static func make(
    _ configuration: ResolvedConfiguration, dataset: any ImageDataset, batches: Int = 2
  ) throws -> any StepTiming {
    Engine.setThreadCount(configuration.values.threads)
    func make<Method: SelfSupervisedMethod>(_ method: Method.Type) throws -> any StepTiming {
      let section = try ResolvedConfiguration.configuration(of: method, from: configuration.values.method)
      return try StepTimer(PretrainingParts<Method>(configuration, section), dataset: dataset, batches: batches)
    }
    return try configuration.values.device.use { try make(configuration.method) }
  }
}

private final class StepTimer<Method: SelfSupervisedMethod>: StepTiming {
  private struct Rule {
    let pools: CandidatePools
    let pretrainer: Pretrainer<Method>
    var loader: ViewLoader?
    var epoch = 0
  }

  private let parts: PretrainingParts<Method>
  private let dataset: any ImageDataset
  private let batches: [ViewBatch]
  private var rules: [String: Rule] = [:]
  private let model = HardnessModel()
  private var progress: TrainingProgress

  init(_ parts: PretrainingParts<Method>, dataset: any ImageDataset, batches count: Int) throws {
    self.parts = parts
    self.dataset = dataset
    let drawn = parts.views.groups.map { DrawnViews($0.recipe, count: Self.mostViews, isRendered: false) }
    let loader = try parts.loader(
      of: dataset, drawing: drawn, keepsImages: true, threads: 0, skipped: SkippedImages(maximumShare: 1))
    var batches: [ViewBatch] = []
    loader.startEpoch(0)
    while batches.count < count, let batch = try loader.next() { batches.append(batch) }
    loader.stop()
    self.batches = batches
    progress = TrainingProgress(stepsPerEpoch: 1_000, totalEpochs: 1_000)
  }

  /// Views drawn of every image and group; rules take the first ones.
  private static var mostViews: Int { 32 }

  func add(_ selection: SelectionConfiguration, named name: String) {
    rules[name] = Rule(pools: parts.pools(selection), pretrainer: parts.pretrainer(selection))
  }

  func step(_ name: String) throws -> Double {
    try parts.configuration.device.use {
      let rule = rule(name)
      let batch = batches[progress.step % batches.count]
      let loaded = rule.pools.rendersLate ? nil : pool(of: batch, by: rule)
      return try timed {
        let pool = loaded ?? pool(of: batch, by: rule)
        _ = try rule.pretrainer.step(on: pool, in: rule.pools.space, at: progress, draw: draw(batch))
      }
    }
  }

  func wholeStep(_ name: String) throws -> Double {
    try parts.configuration.device.use { try wholeStepThere(name) }
  }

  private func wholeStepThere(_ name: String) throws -> Double {
    if rule(name).loader == nil {
      let loader = try parts.loader(
        of: dataset, drawing: rule(name).pools.drawnViews, keepsImages: rule(name).pools.rendersLate,
        skipped: SkippedImages(maximumShare: 1))
      loader.startEpoch(0)
      rules[name]!.loader = loader
    }
    return try timed {
      let rule = rule(name)
      var next = try rule.loader!.next()
      if next == nil {
        rules[name]!.epoch += 1
        rule.loader!.startEpoch(rules[name]!.epoch)
        next = try rule.loader!.next()
      }
      guard let batch = next else { return }
      let pool = pool(of: batch, by: rule)
      _ = try rule.pretrainer.step(on: pool, in: rule.pools.space, at: progress, draw: draw(batch))
    }
  }

  func peakBytes() throws -> Int { try parts.configuration.device.use { ProcessMemory.now.peak } }

  private func rule(_ name: String) -> Rule {
    guard let rule = rules[name] else { preconditionFailure("no rule '\(name)' was added") }
    return rule
  }

  private func draw(_ batch: ViewBatch) -> SelectionDraw {
    SelectionDraw(seed: 0, epoch: progress.epoch, samples: batch.indices)
  }

  private func pool(of batch: ViewBatch, by rule: Rule) -> ViewPool {
    let kept = rule.pools.kept(of: batch, by: model)
    return rule.pools.pool(of: batch, keeping: kept, for: parts.method, draw: draw(batch))
  }

  private func timed(_ body: () throws -> Void) rethrows -> Double {
    Engine.synchronize()
    let start = ContinuousClock.now
    try body()
    Engine.synchronize()
    progress.step += 1
    return seconds(ContinuousClock.now - start)
  }
}

extension SelectionConfiguration {
  /// This rule with settings laid over it, such as `candidates=8` or `scoring.scale=0.5`.
  /// - Throws: `ConfigurationError` for an unknown key or a value of the wrong type.
  public func with(_ settings: [String]) throws -> SelectionConfiguration {
    var tree = try ConfigurationTree(encoding: self)
    for setting in settings { try tree.set(setting) }
    return try ConfigurationTree.decode(self, overlaying: tree, at: "selection")
  }
}
