import Foundation
import ImageData
import NeuralNetworks
import Optimization
import Torch
import Views

/// A linear classifier on frozen features, its learning rate chosen on a held-out part of the training split.
///
/// SGD with momentum 0.9, no weight decay, half a cosine to zero per epoch, weights N(0, 0.01²), bias 0, as published.
/// Differs from the published protocol: features are computed once from the evaluation transform instead of again from
/// augmented images each epoch, and the rate is chosen on held-out training images, never by the test split.
public struct LinearProbe: Codable, Sendable, Equatable {
  /// Rates to try, for a batch of 256.
  public var learningRates: [Double] = [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30]
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

  /// The result of a probe.
  public struct Result: Codable, Sendable {
    /// Accuracy on the test split, trained on all training images with the chosen rate.
    public var test: Accuracy
    /// The chosen rate.
    public var learningRate: Double
    /// How many training images were held out to choose it.
    public var heldOutImages: Int
    /// Top-1 accuracy on the held-out images for each rate tried.
    public var heldOut: [Trial]
  }

  /// One rate of the sweep.
  public struct Trial: Codable, Sendable {
    /// The rate, for a batch of 256.
    public var learningRate: Double
    /// Top-1 accuracy on the held-out images; 0 where the rate was so high that the scores became NaN or infinite.
    public var top1: Double
  }

  /// Sweeps, trains with the best rate on everything, and tests once.
  /// - Throws: `EvaluationDataError` where no image can be held out, or accuracy means nothing; `TorchError` when memory
  ///   runs out.
  public func evaluate(train: LabelledFeatures, test: LabelledFeatures) throws -> Result {
    try train.check(against: test)
    let split = stratifiedSplit(labels: train.labels, fraction: heldOutShare, seed: seed)
    if split.heldOut.isEmpty { throw EvaluationDataError.nothingHeldOut(images: train.count, share: heldOutShare) }
    return try throwingExhaustion {
      let classes = (train.labels + test.labels).max()! + 1
      let kept = train.subset(split.kept)
      let heldOut = train.subset(split.heldOut)
      let scores = fit(kept, classes: classes, rates: learningRates, scoring: heldOut)
      let trials = zip(learningRates, scores).map {
        Trial(
          learningRate: $0,
          top1: $1.sum().number.isFinite ? Accuracy(scores: $1, labels: heldOut.labels).top1 : 0)
      }
      let best = trials.max { $0.top1 < $1.top1 }!
      let final = fit(train, classes: classes, rates: [best.learningRate], scoring: test)[0]
      return Result(
        test: Accuracy(scores: final, labels: test.labels), learningRate: best.learningRate,
        heldOutImages: heldOut.count, heldOut: trials)
    }
  }

  /// Trains one classifier a rate, all at once, and returns the scores `[images, classes]` that each gives `queries`.
  private func fit(
    _ train: LabelledFeatures, classes: Int, rates: [Double], scoring queries: LabelledFeatures
  ) -> [Tensor] {
    let width = train.features.shape[1]
    let generator = Generator(seed: seed)
    let initial = Tensor.normal([classes, width], standardDeviation: 0.01, using: generator)
    let heads = rates.map { rate in
      (rate: rate, weight: Parameter(initial), bias: Parameter(.zeros([classes])))
    }
    let optimizer = SGD(
      heads.map { ParameterGroup("head", [("weight", $0.weight), ("bias", $0.bias)]) }, momentum: 0.9)
    let batch = min(batchSize, train.count)
    let steps = train.count / batch
    let labels = Tensor(train.labels)
    for epoch in 0..<epochs {
      let factor = Schedule().factor(at: TrainingProgress(step: epoch, stepsPerEpoch: 1, totalEpochs: epochs))
      var random = ViewRandom(seed: seed, epoch: epoch, sample: 0, view: 0, stream: RandomStream.probeOrder)
      let order = Tensor(random.permutation(of: train.count))
      for step in 0..<steps {
        let rows = order.narrowed(along: 0, from: step * batch, count: batch)
        let features = train.features.selecting(rows)
        let targets = labels.selecting(rows)
        let losses = heads.map {
          features.linear(weight: $0.weight.value, bias: $0.bias.value).crossEntropy(labels: targets).mean()
        }
        Tensor.stacked(losses).sum().backward()
        optimizer.step(rates.map { GroupSettings(learningRate: $0 * Double(batch) / 256 * factor, weightDecay: 0) })
      }
    }
    return withoutGradients {
      heads.map { queries.features.linear(weight: $0.weight.value, bias: $0.bias.value) }
    }
  }
}
