import HardViewSelection
import ImageData
import NeuralNetworks
import Objectives
import Optimization
import RunConfiguration
import TensorViews
import Torch
import Views

/// The networks and the optimizer of a configuration, and how its images are loaded: what a run, a plan and a benchmark
/// have in common.
final class PretrainingParts<Method: SelfSupervisedMethod> {
  let resolved: ResolvedConfiguration
  var configuration: PretrainingConfiguration { resolved.values }
  /// Where initial weights came from and what training draws from.
  let generator: Generator
  let method: Method
  /// The networks that the method was built on: one, or a student's and a teacher's.
  let backbones: [any Backbone]
  let optimizer: ScheduledOptimizer
  /// What selection needs to know.
  let setting: SelectionSetting

  /// Draws initial weights, on the current device; reads no image.
  init(_ resolved: ResolvedConfiguration, _ methodConfiguration: Method.Configuration) {
    let configuration = resolved.values
    let generator = Generator(seed: UInt64(bitPattern: Int64(configuration.seed)))
    self.resolved = resolved
    self.generator = generator
    var backbones: [any Backbone] = []
    method = Method(
      methodConfiguration,
      backbone: { role in
        backbones.append(configuration.backbone.makeBackbone(role: role, using: generator))
        return backbones[backbones.count - 1]
      }, using: generator)
    self.backbones = backbones
    optimizer = ScheduledOptimizer(
      configuration.optimizer, groups: method.parameterGroups, batchSize: configuration.training.batchSize)
    setting = resolved.selectionSetting(dtype: configuration.precision.dtype(on: .current))
  }

  /// The training step with a selection.
  ///
  /// - Parameters:
  ///   - frozenEncoderEpochs: Epochs at the beginning in which heads alone train.
  ///   - accumulation: The equal parts in which a batch goes through the networks.
  ///   - imageCount: The number of images, where something is to be saved about each.
  func learner(
    _ selection: SelectionConfiguration, frozenEncoderEpochs: Int = 0, accumulation: Int = 1, imageCount: Int = 0,
    clock: StageClock = StageClock()
  ) throws(ConfigurationError) -> HardViewLearner<Method> {
    var setting = setting
    setting.imageCount = imageCount
    return HardViewLearner(
      method, selection: try ViewSelection(selection, setting, clock: clock), optimizer: optimizer,
      frozenEncoderEpochs: frozenEncoderEpochs, accumulation: accumulation, dtype: setting.dtype)
  }

  /// A loader of what a selection draws.
  func loader(
    of dataset: any ImageDataset, for selection: ViewSelection, threads: Int? = nil, skipped: SkippedImages,
    weights: [Double]? = nil, fingerprints: ImageFingerprints? = nil
  ) throws -> ViewLoader {
    try loader(
      of: dataset, drawing: selection.drawnViews, keepsImages: selection.keepsImages, threads: threads,
      skipped: skipped, weights: weights, fingerprints: fingerprints)
  }

  /// A loader of a dataset's views.
  ///
  /// - Parameters:
  ///   - batchSize: Images a step; by default as configured.
  ///   - threads: Threads that load; by default as configured.
  ///   - weights: How often each image is drawn; nil for once an epoch.
  ///   - fingerprints: Told about every image; nil for none.
  /// - Throws: `ConfigurationError` where there are too few images for a batch.
  func loader(
    of dataset: any ImageDataset, drawing views: [DrawnViews], keepsImages: Bool, batchSize: Int? = nil,
    threads: Int? = nil, skipped: SkippedImages, weights: [Double]? = nil, fingerprints: ImageFingerprints? = nil
  ) throws -> ViewLoader {
    let batchSize = batchSize ?? configuration.training.batchSize
    let loader = ViewLoader(
      dataset: dataset, groups: views,
      configuration: LoaderConfiguration(
        batchSize: batchSize, part: BatchPart(Workers.current.rank, of: Workers.current.count),
        threads: threads ?? configuration.data.loaderThreadCount,
        prefetchedBatches: configuration.data.prefetchedBatches, channels: configuration.backbone.channels,
        format: PixelFormat(setting.dtype), decodingMargin: configuration.data.decodingMargin, keepsImages: keepsImages,
        shuffleBuffer: configuration.data.shuffleBuffer, weights: weights,
        seed: UInt64(bitPattern: Int64(configuration.seed))),
      skipped: skipped, fingerprints: fingerprints)
    guard loader.batchesPerEpoch > 0 else {
      throw ConfigurationError(
        path: "training.batch_size",
        problem: .invalid(
          "is \(batchSize), but there are only \(dataset.count) images (\(dataset.summary)); choose a batch of at "
            + "most that many"))
    }
    return loader
  }
}

/// Something to be done with the parts of any method.
protocol PartsConsumer {
  associatedtype Result
  func use<Method: SelfSupervisedMethod>(_ parts: PretrainingParts<Method>) throws -> Result
}

extension ResolvedConfiguration {
  /// Makes networks and optimizer of the method that is named, on the configured device, and hands them to a consumer.
  func withParts<Consumer: PartsConsumer>(_ consumer: Consumer) throws -> Consumer.Result {
    Engine.setThreadCount(values.threads)
    return try values.device.use { try openParts(consumer) }
  }

  /// Makes networks and optimizer of the method that is named, on the current device, and hands them to a consumer.
  func openParts<Consumer: PartsConsumer>(_ consumer: Consumer) throws -> Consumer.Result {
    func use<Method: SelfSupervisedMethod>(_ type: Method.Type) throws -> Consumer.Result {
      try consumer.use(PretrainingParts<Method>(self, Self.configuration(of: type, from: values.method)))
    }
    return try use(method)
  }
}
