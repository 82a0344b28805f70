import Foundation
import ImageData
import NeuralNetworks
import Optimization
import Torch
import Views

/// A linear classifier on frozen features; its learning rate, and whether features are batch-normalized, are chosen on a
/// held-out part of the training split.
///
/// SGD with momentum 0.9, no weight decay, half a cosine to zero per epoch, weights N(0, 0.01²), bias 0, as published.
/// Batch normalization has no affine map (He et al. 2022, arXiv 2111.06377) and is measured with the statistics of all
/// training images. Differs from the published protocol: features
/// are computed once from the evaluation transform instead of again from augmented images each epoch, and the rate is
/// chosen on held-out training images, never by the test split.
public struct LinearProbe: FeatureProtocol, Equatable {
  /// `linear`.
  public static let name = "linear"
  /// Version 1 did not try batch normalization.
  public static let version = 2

  /// Rates to try, for a batch of 256.
  public var learningRates: [Double] = [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30]
  /// Whether features are batch-normalized; each is tried with every rate.
  public var batchNormalization = [false, true]
  /// Passes over the training images.
  public var epochs = 100
  /// Images a step.
  public var batchSize = 256
  /// Share of the training split that is held out to choose the rate, by class.
  public var heldOutShare = 0.1
  /// Decides the held-out images, initial weights and order.
  public var seed: UInt64 = 0

  /// The usual sweep.
  public init() {}

  /// `linear`: the accuracy after the last epoch.
  public var mainMeasure: String? { "linear" }

  /// The result of a probe.
  public struct Result: EvaluationResult {
    /// Accuracy on the test split after the last epoch, trained on all training images with the chosen settings.
    public var test: Accuracy
    /// The chosen rate.
    public var learningRate: Double
    /// Whether the chosen classifier sees batch-normalized features.
    public var batchNormalization: Bool
    /// The epoch, from 1, after which the chosen classifier was best on the held-out images.
    public var chosenEpoch: Int
    /// Accuracy on the test split after that epoch, of the same classifier as `test`.
    public var testAtChosenEpoch: Accuracy
    /// How many training images were held out to choose.
    public var heldOutImages: Int
    /// What was tried.
    public var heldOut: [Trial]
    /// Of `test`, image by image.
    public var outcomes: Outcomes

    /// `linear`, and `linear, chosen epoch`.
    public var measures: [Measure] { [test.measure("linear"), testAtChosenEpoch.measure("linear, chosen epoch")] }
  }

  /// One classifier of the sweep.
  public struct Trial: Codable, Sendable, Equatable {
    /// The rate, for a batch of 256.
    public var learningRate: Double
    /// Whether features are batch-normalized.
    public var batchNormalization: Bool
    /// Top-1 accuracy on the held-out images after the last epoch; 0 where the rate was so high that the scores became
    /// NaN or infinite.
    public var top1: Double
    /// The epoch, from 1, after which that accuracy was highest; the last of equals.
    public var bestEpoch: Int
    /// The accuracy after that epoch.
    public var bestTop1: Double
  }

  /// Sweeps, trains with the best settings on everything, and tests once.
  /// - Throws: `EvaluationDataError` where no image can be held out, or accuracy means nothing; `TorchError` when memory
  ///   runs out.
  public func evaluate(train: LabelledFeatures, test: LabelledFeatures) throws -> Result {
    try train.check(against: test)
    let split = try split(train)
    return try throwingExhaustion {
      let classes = (train.labels + test.labels).max()! + 1
      let (trials, best) = sweep(train, split, classes: classes)
      var scores: [Int: Tensor] = [:]
      let chosen = Classifiers(rates: [best.learningRate], isNormalized: best.batchNormalization, classes: classes)
      fit([chosen], on: train) { epoch in
        guard epoch == best.bestEpoch || epoch == epochs else { return }
        scores[epoch] = chosen.scores(of: test.features).reshaped([test.count, classes])
      }
      let outcomes = Outcomes(scores: scores[epochs]!, labels: test.labels)
      return Result(
        test: Accuracy(outcomes, labels: test.labels), learningRate: best.learningRate,
        batchNormalization: best.batchNormalization,
        chosenEpoch: best.bestEpoch,
        testAtChosenEpoch: Accuracy(
          Outcomes(scores: scores[best.bestEpoch]!, labels: test.labels), labels: test.labels),
        heldOutImages: split.heldOut.count, heldOut: trials, outcomes: outcomes)
    }
  }

  /// A classifier that learned from all of `train` with the best settings, for more than one set of test images.
  /// - Throws: `EvaluationDataError` where no image can be held out; `TorchError` when memory runs out.
  public func classifier(learningFrom train: LabelledFeatures) throws -> LinearClassifier {
    let split = try split(train)
    return try throwingExhaustion {
      let classes = train.labels.max()! + 1
      let best = sweep(train, split, classes: classes).best
      let chosen = Classifiers(rates: [best.learningRate], isNormalized: best.batchNormalization, classes: classes)
      fit([chosen], on: train) { _ in }
      return LinearClassifier(chosen, classes: classes)
    }
  }

  /// The training images that classifiers of the sweep learn from, and those that choose among them.
  private func split(_ train: LabelledFeatures) throws(EvaluationDataError) -> (kept: [Int], heldOut: [Int]) {
    precondition(!learningRates.isEmpty && !batchNormalization.isEmpty && epochs > 0, "a probe needs something to try")
    let split = stratifiedSplit(labels: train.labels, fraction: heldOutShare, seed: seed)
    if split.heldOut.isEmpty { throw .nothingHeldOut(images: train.count, share: heldOutShare) }
    return split
  }

  /// Trains a classifier for each rate, with and without normalization, all at once; the best is the first of equals.
  private func sweep(
    _ train: LabelledFeatures, _ split: (kept: [Int], heldOut: [Int]), classes: Int
  ) -> (trials: [Trial], best: Trial) {
    let heldOut = train.subset(split.heldOut)
    let sets = batchNormalization.map { Classifiers(rates: learningRates, isNormalized: $0, classes: classes) }
    var trials = batchNormalization.flatMap { isNormalized in
      learningRates.map {
        Trial(learningRate: $0, batchNormalization: isNormalized, top1: 0, bestEpoch: 1, bestTop1: -1)
      }
    }
    fit(sets, on: train.subset(split.kept)) { epoch in
      let accuracies = sets.flatMap { $0.accuracies(on: heldOut) }
      for (trial, top1) in accuracies.enumerated() {
        trials[trial].top1 = top1
        guard top1 >= trials[trial].bestTop1 else { continue }
        (trials[trial].bestEpoch, trials[trial].bestTop1) = (epoch, top1)
      }
    }
    return (trials, trials.reduce(trials[0]) { $1.top1 > $0.top1 ? $1 : $0 })
  }

  /// Trains classifiers, which start anew, and reports after each epoch, counted from 1.
  private func fit(_ sets: [Classifiers], on train: LabelledFeatures, afterEpoch: (Int) -> Void) {
    for classifiers in sets { classifiers.start(on: train.features, seed: seed) }
    let optimizer = SGD(sets.map { ParameterGroup("heads", $0.parameters) }, momentum: 0.9)
    let batch = min(batchSize, train.count)
    let labels = Tensor(train.labels)
    for epoch in 0..<epochs {
      let factor = Schedule().factor(at: TrainingProgress(step: epoch, stepsPerEpoch: 1, totalEpochs: epochs))
      let settings = GroupSettings(learningRate: Double(batch) / 256 * factor, weightDecay: 0)
      var random = ViewRandom(seed: seed, epoch: epoch, sample: 0, view: 0, stream: RandomStream.probeOrder)
      let order = Tensor(random.permutation(of: train.count))
      for step in 0..<train.count / batch {
        let rows = order.narrowed(along: 0, from: step * batch, count: batch)
        let (features, targets) = (train.features.selecting(rows), labels.selecting(rows))
        let losses = sets.map { $0.loss(of: features, labels: targets) }
        Tensor.stacked(losses).sum().backward()
        optimizer.step(Array(repeating: settings, count: sets.count))
      }
      withoutGradients { afterEpoch(epoch + 1) }
    }
  }
}

/// A trained linear classifier of features.
public struct LinearClassifier {
  private let classifiers: Classifiers
  private let classes: Int

  fileprivate init(_ classifiers: Classifiers, classes: Int) {
    self.classifiers = classifiers
    self.classes = classes
  }

  /// How it guesses images; those of a class that it never saw are wrong.
  /// - Throws: `TorchError` when memory runs out.
  public func outcomes(of images: LabelledFeatures) throws -> Outcomes {
    try throwingExhaustion {
      withoutGradients {
        let scores = classifiers.scores(of: images.features).reshaped([images.count, classes])
        let unseen = max(0, (images.labels.max() ?? 0) + 1 - classes)
        let columns = unseen > 0 ? [scores, .full([images.count, unseen], -.infinity)] : [scores]
        return Outcomes(scores: .concatenated(columns, along: 1), labels: images.labels)
      }
    }
  }
}

/// Linear classifiers, one for each learning rate, as one matrix.
private final class Classifiers {
  private let rates: [Double]
  private let isNormalized: Bool
  private let classes: Int
  private var weight = Parameter(.zeros([0]))
  private var bias = Parameter(.zeros([0]))
  /// Batch statistics while training.
  private var normalization: BatchNorm?
  /// Mean and standard deviation of all training features, which running statistics would only estimate.
  private var statistics: (mean: Tensor, deviation: Tensor)?

  init(rates: [Double], isNormalized: Bool, classes: Int) {
    self.rates = rates
    self.isNormalized = isNormalized
    self.classes = classes
  }

  var parameters: [(name: String, parameter: Parameter)] { [("weight", weight), ("bias", bias)] }

  /// All classifiers start from the same weights.
  func start(on features: Tensor, seed: UInt64) {
    let width = features.shape[1]
    let initial = Tensor.normal([classes, width], standardDeviation: 0.01, using: Generator(seed: seed))
    weight = Parameter(.concatenated(rates.map { _ in initial }))
    bias = Parameter(.zeros([rates.count * classes]))
    guard isNormalized else { return }
    normalization = BatchNorm(width, isAffine: false)
    let mean = features.mean(along: 0, keepingDimensions: true)
    let differences = features - mean
    let variance = (differences * differences).mean(along: 0, keepingDimensions: true)
    statistics = (mean, (variance + 1e-5).squareRoot())
  }

  /// Scores `[images, rates, classes]`, with the statistics of all training features.
  func scores(of features: Tensor) -> Tensor {
    linear(statistics.map { (features - $0.mean) / $0.deviation } ?? features)
  }

  private func linear(_ inputs: Tensor) -> Tensor {
    inputs.linear(weight: weight.value, bias: bias.value).reshaped([inputs.shape[0], rates.count, classes])
  }

  /// The sum over classifiers of the mean loss times the rate, so that one step of rate 1 moves each at its own rate.
  func loss(of features: Tensor, labels: Tensor) -> Tensor {
    let count = features.shape[0]
    let inputs = normalization?(features, in: .score) ?? features
    let scores = linear(inputs).reshaped([count * rates.count, classes])
    let targets = labels.reshaped([count, 1]).expanded(to: [count, rates.count]).reshaped([count * rates.count])
    let losses = scores.crossEntropy(labels: targets).reshaped([count, rates.count]).mean(along: 0)
    return (losses * Tensor(rates).converted(to: .float32)).sum()
  }

  /// The top-1 accuracy of each classifier; 0 where its scores are NaN or infinite.
  func accuracies(on images: LabelledFeatures) -> [Double] {
    let scores = scores(of: images.features)
    let labels = Tensor(images.labels).reshaped([images.count, 1])
    let shares = (scores.argmax(along: 2) .== labels).converted(to: .float32).mean(along: 0)
    let isSound = scores.isFinite().converted(to: .float32).minimum(along: 2).minimum(along: 0)
    return (shares * isSound).scalars(as: Double.self)
  }
}
