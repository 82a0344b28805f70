import ImageData
import NeuralNetworks
import Optimization
import RepresentationEvaluation
import Torch
import Views

/// Trains copies of an encoder with a classifier.
struct FineTuningRun {
  private let settings: FineTuning
  private let task: EncoderTask
  private let classes: Int

  init(_ settings: FineTuning, _ task: EncoderTask, classes: Int) {
    self.settings = settings
    self.task = task
    self.classes = classes
  }

  /// Images that are gone through again and again, with those of them that cannot be used.
  struct Images {
    let dataset: any ImageDataset
    let skipped: SkippedImages
  }

  /// Images that no pass has gone through.
  func images(_ dataset: any ImageDataset) -> Images { Images(dataset: dataset, skipped: task.skippedImages()) }

  /// A network that is being trained.
  final class Network: Module {
    let backbone: any Backbone
    let head: Linear

    init(backbone: any Backbone, head: Linear) {
      self.backbone = backbone
      self.head = head
    }
  }

  /// Trains a network and returns the number of steps.
  ///
  /// - Parameter afterEpoch: Called with the number of epochs, the mean loss of the last one, and the network.
  func train(
    on images: Images, learningRate: Double, afterEpoch: (Int, Double, Network) throws -> Void
  ) throws -> Int {
    let labels = images.dataset.labels!
    let batch = min(settings.batchSize, labels.count)
    let loader = ViewLoader(
      dataset: images.dataset, groups: [DrawnViews(recipe, count: 1)],
      configuration: LoaderConfiguration(
        batchSize: batch, threads: task.threads, channels: task.transform.channels, seed: settings.seed),
      skipped: images.skipped)
    defer { loader.stop() }
    let network = makeNetwork()
    let layers = LayerGroups(network.backbone, head: network.head, decay: settings.layerDecay)
    let optimizer = AdamW(layers.groups)
    let schedule = Schedule(.cosine, granularity: .step, warmupEpochs: settings.warmupEpochs)
    let base = learningRate * Double(batch) / 256
    var progress = TrainingProgress(stepsPerEpoch: loader.batchesPerEpoch, totalEpochs: settings.epochs)
    for epoch in 0..<settings.epochs {
      loader.startEpoch(epoch)
      var sum: Tensor?
      while let batch = try loader.next() {
        let loss = try throwingExhaustion { step(network, batch, labels: labels) }
        sum = sum.map { $0 + loss } ?? loss
        let rate = base * schedule.factor(at: progress)
        optimizer.step(
          zip(layers.scales, layers.decays).map { scale, decays in
            GroupSettings(learningRate: rate * scale, weightDecay: decays ? settings.weightDecay : 0)
          })
        progress.step += 1
      }
      try afterEpoch(epoch + 1, (sum?.number ?? 0) / Double(loader.batchesPerEpoch), network)
    }
    return progress.step
  }

  /// Computes the gradients of a batch, and its mean loss.
  private func step(_ network: Network, _ batch: ViewBatch, labels: [Int]) -> Tensor {
    let side = recipe.size
    let views = Tensor(
      borrowing: batch.groups[0].pixels.bytes(), shape: [batch.indices.count, side, side, batch.channels],
      dtype: .float32, owner: batch.groups[0].pixels
    ).permuted([0, 3, 1, 2])
    var random = ViewRandom(
      seed: settings.seed, epoch: batch.epoch, sample: batch.step, view: 0, stream: RandomStream.mixing)
    let mixing = Mixing(
      mixup: settings.mixup, cutMix: settings.cutMix, smoothing: settings.labelSmoothing, classes: classes)
    let mix = mixing.draw(height: side, width: side, using: &random)
    let (images, targets) = mixing.apply(mix, to: views, labels: batch.indices.map { labels[$0] })
    let scores = withAutocast(to: dtype) { network.head(network.backbone(images, in: .train), in: .train) }
    let loss = -(scores.converted(to: .float32).logSoftmax() * targets).sum(along: 1).mean()
    loss.backward()
    return loss.detached()
  }

  /// How a network guesses images, with running statistics.
  func outcomes(of network: Network, on images: Images) throws -> Outcomes {
    let features = try task.features(of: images.dataset, with: network.backbone, skipped: images.skipped)
    return try throwingExhaustion {
      withoutGradients {
        Outcomes(scores: network.head(features.features, in: .evaluate), labels: features.labels)
      }
    }
  }

  /// A copy of the encoder, or of its architecture with new weights, under a new classifier.
  private func makeNetwork() -> Network {
    let generator = Generator(seed: settings.seed)
    let backbone = task.configuration.makeBackbone(using: generator)
    if !settings.fromScratch {
      for (own, source) in zip(backbone.namedState(), task.backbone.namedState()) {
        precondition(own.name == source.name, "the encoder has \(source.name) where its configuration has \(own.name)")
        withoutGradients { own.entry.value.copyInPlace(from: source.entry.value) }
      }
    }
    return Network(
      backbone: backbone,
      head: Linear(backbone.featureCount, classes, initialization: .truncatedNormal, using: generator))
  }

  /// Random resized crops, mirrored or not.
  private var recipe: ViewRecipe {
    ViewRecipe(
      size: task.transform.crop,
      crop: CropRecipe(scale: settings.cropScale, interpolation: task.transform.interpolation),
      flipProbability: settings.flipProbability, jitter: JitterRecipe(probability: 0), grayscaleProbability: 0,
      blur: BlurRecipe(probability: 0), randAugment: settings.randAugment,
      normalization: task.transform.normalization)
  }

  /// The precision of convolutions and matrix products: float16 would need its loss scaled.
  private var dtype: DType { task.dtype == .float16 ? .float32 : task.dtype }
}
