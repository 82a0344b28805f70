import Encoders
import HardViewPretraining
import ImageData
import PixelEvaluation
import RepresentationEvaluation
import Torch

extension EncoderEvaluation {
  /// The encoder and the images, for a protocol that changes pixels or trains the encoder.
  fileprivate func task(for name: String) throws -> EncoderTask {
    guard division.origin.kind != .leaveOneOut else { throw EvaluationDataError.needsTestImages(protocol: name) }
    var task = EncoderTask(
      backbone: encoder.backbone, configuration: encoder.configuration.backbone, transform: transform,
      train: division.train, test: division.test, threads: encoder.data.loaderThreadCount)
    task.dtype = encoder.precision.dtype(on: .current)
    task.skippedShareLimit = encoder.data.skippedShareLimit
    task.onSkip = onSkip
    task.onProgress = onProgress
    return task
  }
}

extension Robustness: EncoderProtocol {
  /// Learns from clean training images, and measures on corrupted test images.
  public func evaluate(_ evaluation: EncoderEvaluation) throws -> Result {
    var task = try evaluation.task(for: Self.name)
    task.trainFeatures = evaluation.trainingFeatures
    return try evaluate(task)
  }
}

extension Invariance: EncoderProtocol {
  /// Measures on altered test images; nothing is learned.
  public func evaluate(_ evaluation: EncoderEvaluation) throws -> Result {
    try evaluate(evaluation.task(for: Self.name))
  }
}

extension FineTuning: EncoderProtocol {
  /// Trains a copy of the encoder on the training images, and measures it on the test images.
  public func evaluate(_ evaluation: EncoderEvaluation) throws -> Result {
    try evaluate(evaluation.task(for: Self.name))
  }
}
