import HardViewSelection
import ImageData
import NeuralNetworks
import Objectives
import Optimization
import Torch

/// The expected cost of a run and a recommended policy, from a short calibration.
public struct PretrainingPlan: Sendable {
  /// Images a step.
  public var batchSize: Int
  /// Images a step during calibration; figures are scaled in proportion.
  public var calibrationBatchSize: Int
  /// Plain steps trained before hardness was measured.
  public var warmUpSteps: Int
  /// Steps an epoch.
  public var stepsPerEpoch: Int
  /// Epochs configured.
  public var epochs: Int
  /// Bytes that training is predicted to hold at most.
  public var peakBytes: Int
  /// The overhead and captured hardness of every policy for a whole batch, exact selection first.
  public var measurements: [PolicyMeasurement]

  /// Seconds of a plain step.
  public var plainSeconds: Double { measurements[0].plainSeconds }

  /// Seconds of all epochs, of which a share may be left out.
  public func seconds(with measurement: PolicyMeasurement?) -> Double {
    (measurement?.stepSeconds ?? plainSeconds) * Double(stepsPerEpoch * epochs)
  }

  /// The epochs that fit into a time, at least 0.
  public func epochs(in budget: Double, with measurement: PolicyMeasurement?) -> Int {
    Int(budget / ((measurement?.stepSeconds ?? plainSeconds) * Double(stepsPerEpoch)))
  }

  /// The cheapest policy that keeps the gain of exact selection.
  public var best: PolicyMeasurement { PolicyChoice.best(of: measurements) }

  /// Trains a network of its own for a few steps and measures; leaves no trace.
  ///
  /// - Parameters:
  ///   - configuration: What is to be trained.
  ///   - warmUpSteps: Plain steps before hardness is measured; a network that knows nothing finds other views hard.
  ///   - rounds: Batches that are measured.
  ///   - onOpen: Told which images are used.
  /// - Throws: Errors of the data or the configuration; `TorchError` when memory runs out.
  public static func calibrate(
    _ configuration: ResolvedConfiguration, warmUpSteps: Int = 40, rounds: Int = 5,
    onOpen: (any ImageDataset) -> Void = { _ in }
  ) throws -> PretrainingPlan {
    // Batches are made as small as it takes, but not smaller.
    try configuration.checkMachine(batchSize: min(configuration.values.training.batchSize, Self.leastBatchSize))
    let dataset = try configuration.open(split: .train)
    onOpen(dataset)
    return try configuration.withParts(Planning(dataset: dataset, warmUpSteps: warmUpSteps, rounds: rounds))
  }

  fileprivate static let leastBatchSize = 8

  private struct Planning: PartsConsumer {
    var dataset: any ImageDataset
    var warmUpSteps: Int
    var rounds: Int

    func use<Method: SelfSupervisedMethod>(_ parts: PretrainingParts<Method>) throws -> PretrainingPlan {
      var planner = try Planner(parts, dataset: dataset)
      return try planner.plan(warmUpSteps: warmUpSteps, rounds: rounds)
    }
  }
}

/// Runs a calibration on a network that is thrown away afterwards.
private struct Planner<Method: SelfSupervisedMethod> {
  private let parts: PretrainingParts<Method>
  private let dataset: any ImageDataset
  private let policies: [CheaperPolicy]
  private let learner: HardViewLearner<Method>
  private var calibration: SelectionCalibration
  private var step = 0

  /// A calibration step should be about so long.
  private let wantedSeconds = 1.0

  init(_ parts: PretrainingParts<Method>, dataset: any ImageDataset) throws {
    self.parts = parts
    self.dataset = dataset
    policies = CheaperPolicy.all(like: parts.configuration.selection, in: parts.setting)
    learner = try parts.learner(.plain)
    calibration = try SelectionCalibration(parts.setting, policies: policies)
  }

  mutating func plan(warmUpSteps: Int, rounds: Int) throws -> PretrainingPlan {
    let wanted = parts.configuration.training.batchSize
    let stepsPerEpoch = try loader(wanted).batchesPerEpoch
    let idle = ProcessMemory.now.held
    var batchSize = min(wanted, PretrainingPlan.leastBatchSize)
    if batchSize < wanted {
      // The first step allocates.
      try train(steps: 3, batchSize: batchSize)
      let trial = calibration.results[0].plainSeconds
      batchSize = min(wanted, max(batchSize, Int(Double(batchSize) * wantedSeconds / trial)))
      calibration = try SelectionCalibration(parts.setting, policies: policies)
    }
    try train(steps: max(warmUpSteps, 2), batchSize: batchSize)
    try withBatches(rounds, of: batchSize, fromEpoch: 1) { planner, batch, context, _ in
      try planner.calibration.measure(on: batch, for: planner.parts.method, in: context)
    }
    let scale = Double(wanted) / Double(batchSize)
    let memoryScale = max(1, scale / Double(parts.configuration.training.accumulation))
    return PretrainingPlan(
      batchSize: wanted, calibrationBatchSize: batchSize, warmUpSteps: max(warmUpSteps, 2),
      stepsPerEpoch: stepsPerEpoch, epochs: parts.configuration.training.epochs,
      peakBytes: idle + Int(Double(max(0, ProcessMemory.now.peak - idle)) * memoryScale),
      measurements: calibration.results.map {
        var whole = $0
        whole.stepSeconds *= scale
        whole.plainSeconds *= scale
        return whole
      })
  }

  /// Trains on random views; some batches teach the model of geometry and color.
  private mutating func train(steps: Int, batchSize: Int) throws {
    try withBatches(steps, of: batchSize, fromEpoch: 0) { planner, batch, context, number in
      Engine.synchronize()
      let start = ContinuousClock.now
      let step = try planner.learner.step(on: batch, in: context)
      Engine.synchronize()
      planner.calibration.plainStep(took: (ContinuousClock.now - start) / .seconds(1))
      let loss = step.loss.number
      guard loss.isFinite else {
        throw NonFiniteLossError(epoch: context.position.epoch, step: context.position.stepInEpoch, loss: loss)
      }
      if number % 4 == 3, number >= steps / 2 {
        try planner.calibration.teach(batch, for: planner.parts.method, in: context)
      }
      planner.step += 1
    }
  }

  /// Hands out batches, at positions as if training had just begun, but for the warm-up of the learning rate.
  private mutating func withBatches(
    _ count: Int, of batchSize: Int, fromEpoch epoch: Int,
    _ body: (inout Planner, ViewBatch, StepContext, Int) throws -> Void
  ) throws {
    let loader = try loader(batchSize)
    let feed = BatchFeed(loader)
    defer { feed.stop() }
    let epochs = max(parts.configuration.training.epochs, 1)
    var place = TrainingProgress(stepsPerEpoch: loader.batchesPerEpoch, totalEpochs: .max / loader.batchesPerEpoch)
    place.step = epoch * loader.batchesPerEpoch
    for number in 0..<count {
      let batch = try feed.next(at: place)
      place.step += 1
      var position = TrainingProgress(stepsPerEpoch: loader.batchesPerEpoch, totalEpochs: epochs)
      position.step = min(step, position.totalSteps - 1)
      try body(&self, batch, StepContext(position, BatchDraw(batch, step: position.step)), number)
    }
  }

  private func loader(_ batchSize: Int) throws -> ViewLoader {
    try parts.loader(
      of: dataset, drawing: calibration.drawnViews, keepsImages: true, batchSize: batchSize, threads: 0,
      skipped: SkippedImages(maximumShare: 1))
  }
}
