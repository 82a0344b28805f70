import ImageData
import Objectives
import Optimization

@testable import HardViewPretraining

extension PretrainingParts {
  /// Trains the first steps on the images of the configuration, without a run folder.
  /// - Parameter imageCount: The number of images, where selection keeps something of each.
  func train(
    steps: Int, epochs: Int, accumulation: Int = 1, imageCount: Int = 0
  ) throws -> (learner: HardViewLearner<Method>, steps: [TrainingStep]) {
    let learner = try learner(configuration.selection, accumulation: accumulation, imageCount: imageCount)
    let loader = try loader(
      of: resolved.open(split: .train), for: learner.selection, skipped: SkippedImages(maximumShare: 0))
    let feed = BatchFeed(loader)
    defer { feed.stop() }
    var position = TrainingProgress(stepsPerEpoch: loader.batchesPerEpoch, totalEpochs: epochs)
    let taken = try (0..<steps).map { step in
      position.step = step
      let batch = try feed.next(at: position)
      return try learner.step(on: batch, in: StepContext(position, BatchDraw(batch, step: step)))
    }
    return (learner, taken)
  }
}
