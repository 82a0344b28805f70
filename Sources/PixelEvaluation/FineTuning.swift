import ImageData
import NeuralNetworks
import RepresentationEvaluation
import Torch
import Views

/// How well the encoder does when all of it is trained on labelled images, with a linear classifier on top.
///
/// AdamW, rates that fall from layer to layer towards the stem, a warm-up and half a cosine, mixup, CutMix and label
/// smoothing, as BEiT and MAE are fine-tuned (Bao et al. 2022, He et al. 2022), on random resized crops and flips by the
/// view renderer of pretraining. A copy is trained; the encoder stays as it is.
///
/// With several learning rates, each is tried on a part of the training images and measured on the rest, which also choose an
/// epoch; the test images decide nothing.
public struct FineTuning: EvaluationProtocol, Equatable {
  /// `finetune`.
  public static let name = "finetune"
  /// The first version.
  public static let version = 1

  /// Passes over the training images.
  public var epochs = 30
  /// Epochs over which the rate rises.
  public var warmupEpochs = 3.0
  /// Images a step; all training images where they are fewer.
  public var batchSize = 64
  /// Rates to try, for a batch of 256; a single one is taken as it is.
  public var learningRates = [5e-4, 2e-3, 8e-3, 2e-2]
  /// By how much the rate falls from a layer to the one before it; 1 for one rate.
  public var layerDecay = 0.75
  /// The pull of matrices towards zero.
  public var weightDecay = 0.05
  /// The α of mixup's Beta(α, α); 0 for none.
  public var mixup = 0.8
  /// The α of CutMix's Beta(α, α); 0 for none.
  public var cutMix = 1.0
  /// The share of each target that is spread over all classes.
  public var labelSmoothing = 0.1
  /// The smallest and the largest area of a random crop, in shares of the image.
  public var cropScale = [0.2, 1.0]
  /// The probability that a crop is mirrored.
  public var flipProbability = 0.5
  /// Further operations on crops; none by default.
  public var randAugment = RandAugmentRecipe()
  /// How many images of each class are learned from, drawn by the seed; 0 for all.
  public var imagesPerClass = 0
  /// The share of the training images that choose rate and epoch, of each class in its proportion.
  public var heldOutShare = 0.1
  /// Whether the encoder's weights are drawn anew: what the same training reaches from scratch.
  public var fromScratch = false
  /// Decides the classifier's weights, the order of images, crops, mixtures, and which images are taken and held out.
  public var seed: UInt64 = 0

  /// The usual setting.
  public init() {}

  /// `finetune`: the accuracy after the last epoch.
  public var mainMeasure: String? { "finetune" }

  /// What fine-tuning reaches.
  public struct Result: EvaluationResult {
    /// Accuracy on the test images after the last epoch, trained on all training images.
    public var test: Accuracy
    /// The rate, for a batch of 256.
    public var learningRate: Double
    /// The epoch, from 1, after which the trial of this rate was best on the held-out images; absent where one rate was
    /// given.
    public var chosenEpoch: Int?
    /// Accuracy on the test images after that epoch, of the same training as `test`.
    public var testAtChosenEpoch: Accuracy?
    /// How many images were learned from.
    public var trainingImages: Int
    /// How many steps the training took.
    public var steps: Int
    /// How many of the training images were held out to choose.
    public var heldOutImages: Int
    /// The rates that were tried.
    public var heldOut: [Trial]
    /// The mean loss of each epoch.
    public var losses: [Double]
    /// Of `test`, image by image.
    public var outcomes: Outcomes

    /// `finetune`, and `finetune, chosen epoch`.
    public var measures: [Measure] {
      [Measure(name: "finetune", value: test.top1, interval: test.top1Interval)]
        + [testAtChosenEpoch].compactMap { $0 }.map {
          Measure(name: "finetune, chosen epoch", value: $0.top1, interval: $0.top1Interval)
        }
    }
  }

  /// One rate that was tried.
  public struct Trial: Codable, Sendable, Equatable {
    /// The rate, for a batch of 256.
    public var learningRate: Double
    /// Top-1 accuracy on the held-out images after the last epoch.
    public var top1: Double
    /// The epoch, from 1, after which that accuracy was highest; the last of equals.
    public var bestEpoch: Int
    /// The accuracy after that epoch.
    public var bestTop1: Double
  }

  /// Tries the rates, trains with the best on everything, and tests once.
  /// - Throws: `ProtocolSettingError`; `EvaluationDataError` where no image can be held out, a class has too few, or
  ///   accuracy means nothing; `MissingLabelsError`; `LoaderError`; `TorchError` when memory runs out.
  public func evaluate(_ task: EncoderTask) throws -> Result {
    try check()
    guard let allLabels = task.train.labels else { throw MissingLabelsError(data: task.train.summary) }
    guard let testLabels = task.test.labels else { throw MissingLabelsError(data: task.test.summary) }
    if allLabels.isEmpty { throw EvaluationDataError.noImages(split: "training") }
    if testLabels.isEmpty { throw EvaluationDataError.noImages(split: "test") }
    if Set(allLabels).count == 1 { throw EvaluationDataError.oneClass }
    let train = try taken(from: task.train, labels: allLabels)
    let training = FineTuningRun(self, task, classes: (allLabels + testLabels).max()! + 1)
    var (trials, heldOutImages): ([Trial], Int) = ([], 0)
    if learningRates.count > 1 {
      let split = stratifiedSplit(labels: train.labels!, fraction: heldOutShare, seed: seed)
      if split.heldOut.isEmpty { throw EvaluationDataError.nothingHeldOut(images: train.count, share: heldOutShare) }
      heldOutImages = split.heldOut.count
      let kept = training.images(Subset(train, indices: split.kept))
      let heldOut = training.images(Subset(train, indices: split.heldOut))
      trials = try learningRates.map { try trial(of: $0, training, kept, heldOut, task) }
    }
    // The first of equals.
    let best = trials.reduce(trials.first) { $1.top1 > $0!.top1 ? $1 : $0 }
    let rate = best?.learningRate ?? learningRates[0]
    var outcomes: [Int: Outcomes] = [:]
    var losses: [Double] = []
    let test = training.images(task.test)
    let steps = try training.train(on: training.images(train), learningRate: rate) { epoch, loss, network in
      losses.append(loss)
      task.onProgress("epoch \(epoch) of \(epochs): loss \((loss * 1000).rounded() / 1000)")
      guard epoch == epochs || epoch == best?.bestEpoch else { return }
      outcomes[epoch] = try training.outcomes(of: network, on: test)
    }
    return Result(
      test: Accuracy(outcomes[epochs]!), learningRate: rate, chosenEpoch: best?.bestEpoch,
      testAtChosenEpoch: best.map { Accuracy(outcomes[$0.bestEpoch]!) }, trainingImages: train.count, steps: steps,
      heldOutImages: heldOutImages, heldOut: trials, losses: losses, outcomes: outcomes[epochs]!)
  }

  private func trial(
    of rate: Double, _ training: FineTuningRun, _ kept: FineTuningRun.Images, _ heldOut: FineTuningRun.Images,
    _ task: EncoderTask
  ) throws -> Trial {
    var trial = Trial(learningRate: rate, top1: 0, bestEpoch: 1, bestTop1: -1)
    _ = try training.train(on: kept, learningRate: rate) { epoch, _, network in
      trial.top1 = Accuracy(try training.outcomes(of: network, on: heldOut)).top1
      if trial.top1 >= trial.bestTop1 { (trial.bestEpoch, trial.bestTop1) = (epoch, trial.top1) }
    }
    task.onProgress("learning rate \(rate): \(percent(trial.top1)) of \(heldOut.dataset.count) held-out images")
    return trial
  }

  /// The training images, or so many of each class.
  private func taken(from images: any ImageDataset, labels: [Int]) throws -> Subset {
    guard imagesPerClass > 0 else { return Subset(images, indices: Array(labels.indices)) }
    let classes = Dictionary(grouping: labels.indices) { labels[$0] }
    let scarce = classes.filter { $0.value.count < imagesPerClass }.keys.sorted()
    guard scarce.isEmpty else {
      throw EvaluationDataError.scarceClasses(
        scarce.map { label in
          .init(
            name: images.classNames.flatMap { label < $0.count ? "'\($0[label])'" : nil } ?? "\(label)",
            images: classes[label]!.count)
        }, needed: imagesPerClass)
    }
    return Subset(images, indices: FewLabels.draw(0, of: labels, seed: seed) { _ in imagesPerClass })
  }

  private func check() throws(ProtocolSettingError) {
    func require(_ isGood: Bool, _ setting: String, _ reason: String) throws(ProtocolSettingError) {
      if !isGood { throw ProtocolSettingError(protocolName: Self.name, setting: setting, reason: reason) }
    }
    try require(epochs >= 1, "epochs", "must be at least 1, not \(epochs)")
    try require(
      warmupEpochs >= 0 && warmupEpochs <= Double(epochs), "warmup-epochs",
      "must be from 0 to the \(epochs) epochs of training, not \(warmupEpochs)")
    try require(batchSize >= 2, "batch-size", "must be at least 2, not \(batchSize)")
    try require(!learningRates.isEmpty, "learning-rates", "must be at least one rate")
    for rate in learningRates {
      try require(rate > 0 && rate.isFinite, "learning-rates", "must be above 0, not \(rate)")
    }
    try require(layerDecay > 0 && layerDecay <= 1, "layer-decay", "must be above 0 and at most 1, not \(layerDecay)")
    for (setting, value) in [("weight-decay", weightDecay), ("mixup", mixup), ("cutmix", cutMix)] {
      try require(value >= 0 && value.isFinite, setting, "must be 0 or more, not \(value)")
    }
    try require((0..<1).contains(labelSmoothing), "label-smoothing", "must be from 0 up to 1, not \(labelSmoothing)")
    try require((0...1).contains(flipProbability), "flip", "must be from 0 to 1, not \(flipProbability)")
    try require(
      cropScale.count == 2 && cropScale[0] > 0 && cropScale[0] <= cropScale[1] && cropScale[1] <= 1, "crop-scale",
      "must be two shares of the image, rising, above 0 and at most 1, not \(cropScale)")
    try require(
      randAugment.operations >= 0 && (0...30).contains(randAugment.magnitude), "rand-augment",
      "takes 0 or more operations of a magnitude from 0 to 30, not \(randAugment.operations) of \(randAugment.magnitude)"
    )
    try require(imagesPerClass >= 0, "per-class", "must be 0 (all) or more, not \(imagesPerClass)")
    try require(
      heldOutShare > 0 && heldOutShare < 1, "held-out-share", "must be between 0 and 1, not \(heldOutShare)")
  }
}
