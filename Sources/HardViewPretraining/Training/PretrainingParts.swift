import ImageData
import NeuralNetworks
import Optimization
import RunConfiguration
import Torch
import Views

/// The networks and the optimizer of a configuration, and how its images are loaded: what a run, a plan and a benchmark
/// have in common.
final class PretrainingParts<Method: SelfSupervisedMethod> {
  let configuration: PretrainingConfiguration
  let views: ViewPipeline
  /// Where initial weights came from and what training draws from.
  let generator: Generator
  let method: Method
  let optimizer: ScheduledOptimizer
  /// What convolutions and matrix products compute in.
  let dtype: DType

  /// Draws initial weights, on the current device; reads no image.
  init(_ resolved: ResolvedConfiguration, _ methodConfiguration: Method.Configuration) {
    let configuration = resolved.values
    let generator = Generator(seed: UInt64(bitPattern: Int64(configuration.seed)))
    self.configuration = configuration
    self.generator = generator
    views = resolved.views
    method = Method(
      methodConfiguration, backbone: { configuration.backbone.makeBackbone(role: $0, using: generator) },
      using: generator)
    optimizer = ScheduledOptimizer(
      configuration.optimizer, groups: method.parameterGroups, batchSize: configuration.training.batchSize)
    dtype = configuration.precision.dtype(on: .current)
  }

  /// The pools of a rule of selection.
  func pools(_ selection: SelectionConfiguration) -> CandidatePools {
    CandidatePools(selection, in: configuration, views: views)
  }

  /// The training step with a rule of selection.
  func pretrainer(_ selection: SelectionConfiguration) -> Pretrainer<Method> {
    Pretrainer(method, hardViews: selection.makeHardViews(dtype: dtype), optimizer: optimizer, dtype: dtype)
  }

  /// A loader of a dataset's views.
  ///
  /// - Parameters:
  ///   - batchSize: Images a step; by default as configured.
  ///   - threads: Threads that load; by default as configured.
  /// - Throws: `ConfigurationError` where there are too few images for a batch.
  func loader(
    of dataset: any ImageDataset, drawing views: [DrawnViews], keepsImages: Bool, batchSize: Int? = nil,
    threads: Int? = nil, skipped: SkippedImages
  ) throws -> ViewLoader {
    let batchSize = batchSize ?? configuration.training.batchSize
    let loader = ViewLoader(
      dataset: dataset, groups: views,
      configuration: LoaderConfiguration(
        batchSize: batchSize, threads: threads ?? configuration.data.loaderThreadCount,
        prefetchedBatches: configuration.data.prefetchedBatches, channels: configuration.backbone.channels,
        format: PixelFormat(dtype), decodingMargin: configuration.data.decodingMargin, keepsImages: keepsImages,
        shuffleBuffer: configuration.data.shuffleBuffer, seed: UInt64(bitPattern: Int64(configuration.seed))),
      skipped: skipped)
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
