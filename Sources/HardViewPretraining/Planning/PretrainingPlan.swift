import Foundation
import ImageData
import NeuralNetworks
import Optimization
import Torch

/// What a run will cost, and which way to select to take, from a short calibration.
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
  /// What every way costs and captures, exact selection first, for a whole batch.
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

  /// The cheapest way that keeps the gain of exact selection.
  public var best: PolicyMeasurement { PolicyChoice.best(of: measurements) }

  /// Trains a network of its own for a few steps and measures; leaves no trace.
  ///
  /// - Parameters:
  ///   - configuration: What is to be trained.
  ///   - warmUpSteps: Plain steps before hardness is measured; a network that knows nothing finds other views hard.
  ///   - rounds: Batches that are measured.
  /// - Throws: Errors of the data or the configuration; `TorchError` when memory runs out.
  public static func calibrate(
    _ configuration: ResolvedConfiguration, warmUpSteps: Int = 40, rounds: Int = 5
  ) throws -> PretrainingPlan {
    let dataset = try Pretraining.open(configuration.values.data, split: .train)
    Engine.setThreadCount(configuration.values.threads)
    func make<Method: SelfSupervisedMethod>(_ method: Method.Type) throws -> PretrainingPlan {
      let section = try ResolvedConfiguration.configuration(of: method, from: configuration.values.method)
      var planner = Planner(PretrainingParts<Method>(configuration, section), dataset: dataset)
      return try planner.plan(warmUpSteps: warmUpSteps, rounds: rounds)
    }
    return try configuration.values.device.use { try make(configuration.method) }
  }
}

/// Runs a calibration on a network that is thrown away afterwards.
private struct Planner<Method: SelfSupervisedMethod> {
  private let parts: PretrainingParts<Method>
  private let dataset: any ImageDataset
  private let policies: [CheaperPolicy]
  private let pretrainer: Pretrainer<Method>
  private var calibration: SelectionCalibration<Method>
  private var step = 0

  /// A calibration step should be about so long.
  private let wantedSeconds = 1.0
  private let trialBatchSize = 8

  init(_ parts: PretrainingParts<Method>, dataset: any ImageDataset) {
    self.parts = parts
    self.dataset = dataset
    policies = CheaperPolicy.all(
      like: parts.configuration.selection, plan: parts.views.plan, backbone: parts.configuration.backbone)
    pretrainer = parts.pretrainer(policies[0].selection)
    calibration = SelectionCalibration(parts, policies: policies)
  }

  mutating func plan(warmUpSteps: Int, rounds: Int) throws -> PretrainingPlan {
    let wanted = parts.configuration.training.batchSize
    let stepsPerEpoch = try loader(wanted).batchesPerEpoch
    let idle = ProcessMemory.now.held
    var batchSize = min(wanted, trialBatchSize)
    if batchSize < wanted {
      // The first step allocates.
      try train(steps: 3, batchSize: batchSize)
      let trial = calibration.results[0].plainSeconds
      batchSize = min(wanted, max(batchSize, Int(Double(batchSize) * wantedSeconds / trial)))
      calibration = SelectionCalibration(parts, policies: policies)
    }
    try train(steps: max(warmUpSteps, 2), batchSize: batchSize)
    let measured = try loader(batchSize)
    measured.startEpoch(1)
    for _ in 0..<rounds {
      guard let batch = try measured.next() else { break }
      try calibration.measure(on: batch, at: progress(measured))
    }
    measured.stop()
    let scale = Double(wanted) / Double(batchSize)
    return PretrainingPlan(
      batchSize: wanted, calibrationBatchSize: batchSize, warmUpSteps: max(warmUpSteps, 2),
      stepsPerEpoch: stepsPerEpoch, epochs: parts.configuration.training.epochs,
      peakBytes: idle + Int(Double(max(0, ProcessMemory.now.peak - idle)) * scale),
      measurements: calibration.results.map {
        var whole = $0
        whole.stepSeconds *= scale
        whole.plainSeconds *= scale
        return whole
      })
  }

  /// Trains on random views; some batches teach the model of geometry and colour.
  private mutating func train(steps: Int, batchSize: Int) throws {
    let loader = try loader(batchSize)
    var epoch = 0
    loader.startEpoch(epoch)
    for number in 0..<steps {
      var next = try loader.next()
      if next == nil {
        epoch += 1
        loader.startEpoch(epoch)
        next = try loader.next()
      }
      guard let batch = next else { return }
      let progress = progress(loader)
      try calibration.train(on: batch, with: pretrainer, at: progress)
      if number % 4 == 3, number >= steps / 2 { try calibration.teach(batch, at: progress) }
      step += 1
    }
    loader.stop()
  }

  private func loader(_ batchSize: Int) throws -> ViewLoader {
    try parts.loader(
      of: dataset, drawing: SelectionCalibration<Method>.drawnViews(parts, for: policies), keepsImages: true,
      batchSize: batchSize, threads: 0, skipped: SkippedImages(maximumShare: 1))
  }

  /// As if training had just begun, but for the warm-up of the learning rate.
  private func progress(_ loader: ViewLoader) -> TrainingProgress {
    var progress = TrainingProgress(
      stepsPerEpoch: loader.batchesPerEpoch, totalEpochs: max(parts.configuration.training.epochs, 1))
    progress.step = min(step, progress.totalSteps - 1)
    return progress
  }
}
