import ImageData
import NeuralNetworks
import Optimization
import Torch

/// What is measured of an encoder while it trains, and what was found.
struct OnlineMeasurement {
  /// The images to train on: all of them, but for those that are held out.
  let training: any ImageDataset
  /// What was found.
  let history: SignalHistory
  private let evaluator: OnlineEvaluator?
  private let sampleCount: Int
  private let configuration: OnlineConfiguration

  /// Prepares to measure as configured; reads no image.
  init(of encoder: any Backbone, on dataset: any ImageDataset, _ resolved: ResolvedConfiguration, dtype: DType) {
    configuration = resolved.values.evaluation.online
    let sample = OnlineSample(of: dataset, configuration)
    training = sample?.training ?? dataset
    sampleCount = sample?.images.count ?? 0
    evaluator = sample.map { OnlineEvaluator(encoder, on: $0.images, resolved, dtype: dtype) }
    history = SignalHistory(measure: evaluator?.measure ?? "none")
  }

  /// What measures when a signal is due.
  func observer(imagesPerEpoch: Int, clock: StageClock, events: TrainingEvents) -> OnlineObserver {
    OnlineObserver(
      evaluator, history: history,
      everyEpochs: OnlineSample.interval(configuration, images: sampleCount, imagesPerEpoch: imagesPerEpoch),
      clock: clock, events: events)
  }
}
