import HardViewSelection
import ImageData
import NeuralNetworks
import Objectives
import Optimization
import RunConfiguration
import Torch

/// How much memory training steps take: a straight line through measurements of small ones.
struct StepMemory: Equatable {
  /// Bytes whatever the number of images: program, networks, optimizer.
  var fixed: Double
  /// Bytes for each image that goes through the networks at a time.
  var perImage: Double
  /// Bytes of the batches that are loaded ahead.
  var loaded: Double

  /// Measured and predicted sizes differ by up to so much.
  private static let margin = 1.1
  /// Steps of fewer and of more images are not tried.
  private static let (smallestTrial, largestTrial) = (4, 64)

  /// Bytes that are held at most when so many images go through at a time.
  func peak(ofImages images: Int) -> Int {
    Int((fixed + perImage * Double(images) + loaded) * Self.margin)
  }

  /// The fewest equal parts of a batch, `smallest` or more, that stay below a limit; nil where none do.
  func accumulation(ofBatch batchSize: Int, atLeast smallest: Int, below limit: Int) -> Int? {
    guard smallest <= batchSize / 2 else { return nil }
    return (smallest...(batchSize / 2)).first { parts in
      batchSize % parts == 0 && peak(ofImages: batchSize / parts) <= limit
    }
  }

  /// Takes a few steps on a network that is thrown away, of ever more images, until they take half of a limit.
  static func measure(
    _ configuration: ResolvedConfiguration, on dataset: any ImageDataset, limit: Int
  ) throws -> StepMemory {
    try configuration.checkMachine(batchSize: smallestTrial)
    return try configuration.withParts(Measurement(dataset: dataset, limit: limit))
  }

  private struct Measurement: PartsConsumer {
    var dataset: any ImageDataset
    var limit: Int

    func use<Method: SelfSupervisedMethod>(_ parts: PretrainingParts<Method>) throws -> StepMemory {
      let batchSize = parts.configuration.training.batchSize
      let learner = try parts.learner(parts.configuration.selection)
      let isOnProcessor = Device.current == .cpu
      var points = [
        (images: 0, bytes: isOnProcessor ? ProcessMemory.now.held : ProcessMemory.now.peak)
      ]
      var size = min(StepMemory.smallestTrial, batchSize)
      // The first steps also allocate what does not grow, so a slope needs two of them.
      while size <= min(batchSize, StepMemory.largestTrial), points.count < 3 || points.last!.bytes <= limit / 2 {
        try takeSteps(of: size, with: learner, parts)
        points.append((size, ProcessMemory.now.peak))
        size *= 2
      }
      let (first, last) = (points[max(points.count - 2, 0)], points.last!)
      let perImage =
        Double(max(last.bytes - first.bytes, 0)) / Double(max(last.images - first.images, 1))
      return StepMemory(
        fixed: max(Double(last.bytes) - perImage * Double(last.images), 0), perImage: perImage,
        loaded: isOnProcessor ? loadedBytes(of: learner.selection, parts) : 0)
    }

    private func takeSteps<Method: SelfSupervisedMethod>(
      of size: Int, with learner: HardViewLearner<Method>, _ parts: PretrainingParts<Method>
    ) throws {
      let loader = try parts.loader(
        of: dataset, drawing: learner.selection.drawnViews,
        keepsImages: learner.selection.keepsImages,
        batchSize: size, threads: 0, skipped: SkippedImages(maximumShare: 1))
      let feed = BatchFeed(loader)
      defer { feed.stop() }
      // At the beginning of training, where no audit and no calibration is due.
      let start = TrainingProgress(
        stepsPerEpoch: loader.batchesPerEpoch, totalEpochs: .max / loader.batchesPerEpoch)
      let batch = try feed.next(at: start)
      for _ in 0..<2 {
        _ = try learner.step(on: batch, in: StepContext(start, BatchDraw(batch, step: 0))).loss
          .number
      }
    }

    /// The views of the batches that the loader holds at a time.
    private func loadedBytes<Method: SelfSupervisedMethod>(
      of selection: ViewSelection, _ parts: PretrainingParts<Method>
    ) -> Double {
      let values = selection.drawnViews.reduce(0) {
        $0 + ($1.isRendered ? $1.count * $1.size * $1.size : 0)
      }
      let configuration = parts.configuration
      let bytesPerValue = parts.setting.dtype == .bfloat16 ? 2 : 4
      return Double(
        values * configuration.backbone.channels * bytesPerValue * configuration.training.batchSize)
        * Double(configuration.data.prefetchedBatches + 2)
    }
  }
}

extension ResolvedConfiguration {
  /// The same with as many parts of a batch as `training.memory_limit` needs; itself where there is no limit.
  ///
  /// - Parameter smallest: At least so many parts.
  /// - Throws: `ConfigurationError` where two images at a time take more; errors of the data; `TorchError`.
  func withinMemoryLimit(on dataset: any ImageDataset, atLeast smallest: Int) throws
    -> ResolvedConfiguration
  {
    guard let limit = MemorySize(values.training.memoryLimit) else { return self }
    let workers = Workers.current
    let own = try workers.agreeing {
      // Each measures by itself: no two need have as many trials.
      let memory = try withWorkers(SingleWorker()) { try StepMemory.measure(self, on: dataset, limit: limit.bytes) }
      guard
        let parts = memory.accumulation(
          ofBatch: values.training.batchSize / workers.count, atLeast: smallest, below: limit.bytes)
      else {
        throw ConfigurationError(
          path: "training.memory_limit",
          problem: .invalid(
            "is \(values.training.memoryLimit), but steps take about \(MemorySize(bytes: memory.peak(ofImages: 2))) with "
              + "two images at a time; choose a smaller network, fewer or smaller views, or fewer "
              + "data.prefetched_batches"))
      }
      return parts
    }
    let parts = try workers.gathered([own]).max() ?? own
    var settings = tree
    settings.set(.integer(parts), at: "training.accumulation")
    return try ResolvedConfiguration(settings, components: components)
  }
}
