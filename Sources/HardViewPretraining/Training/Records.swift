import ImageData
import Torch
import Views

/// One line of `metrics.jsonl`: averages over the steps since the line before.
public struct MetricsRecord: Codable, Sendable {
  /// Steps taken since the beginning.
  public var step: Int
  /// The epoch, from 0.
  public var epoch: Int
  /// The training loss.
  public var loss: Double
  /// The encoder's learning rate at the last step.
  public var learningRate: Double
  /// Images a second, all of it counted.
  public var imagesPerSecond: Double
  /// Seconds that training waited for views.
  public var dataSeconds: Double
  /// Seconds of all loader threads spent opening images.
  public var readingSeconds: Double
  /// Seconds of all loader threads spent decoding images.
  public var decodingSeconds: Double
  /// Seconds of all loader threads spent rendering views.
  public var renderingSeconds: Double
  /// Seconds spent choosing views.
  public var selectionSeconds: Double
  /// Seconds spent training on the chosen views.
  public var trainingSeconds: Double
  /// Steps left out because gradients overflowed in float16; absent in other precisions.
  public var overflowedSteps: Int?
  /// The share of the images whose views were selected; the others took random ones.
  public var selectionShare: Double
  /// Mean intersection over union of the trained views.
  public var selectedOverlap: Double
  /// The same of a random choice.
  public var randomOverlap: Double
  /// The same of all choices not taken; absent when there was only one.
  public var rejectedOverlap: Double?
  /// Share of images whose trained views are the least-overlapping choice; absent when there was only one.
  public var leastOverlapShare: Double?
  /// Mean score (for most policies the loss) of the trained views; absent when none were computed or choices are more
  /// than 1,024.
  public var selectedScore: Double?
  /// The same of a random choice.
  ///
  /// Where the two are equal, the drawn views are too alike for selection to matter.
  public var randomScore: Double?
  /// How much of the hardness that exact selection finds was captured: 0 for random views, 1 for exact selection; absent
  /// where no step was audited (`selection.audit_every_steps`).
  public var capturedHardness: Double?
  /// The part of it that the drawn geometry and colours predict.
  public var capturedPredictedHardness: Double?
  /// The part of it that depends on the image; both parts add up to `captured_hardness`.
  public var capturedImageHardness: Double?
  /// The part that depends on the image for exact selection.
  public var exactImageHardness: Double?
  /// Standard deviation of the normalized embedding times √width at the last step: near 1 is healthy, near 0 is
  /// collapse.
  public var featureStandardDeviation: Double
  /// Effective rank of the embedding of at most 256 images at the last step; near 1 is collapse.
  public var featureRank: Double
}

/// One line of `views.jsonl`: what was drawn for an image and what was chosen.
public struct ViewsRecord: Codable, Sendable, Equatable {
  /// Steps taken before this one.
  public var step: Int
  /// The epoch, from 0.
  public var epoch: Int
  /// The image's position in the dataset.
  public var image: Int
  /// The image's name.
  public var name: String
  /// What was drawn, view by view.
  public var views: [ViewParameters]
  /// The indices of the trained views, in slot order.
  public var selected: [Int]
  /// The score of each choice in lexicographic order; absent when none were computed or choices are more than 64.
  public var scores: [Float]?
}

/// Averages what steps report until a line is due.
struct MetricsAccumulator {
  private(set) var count = 0
  private var losses = 0.0
  private var selectionSeconds = 0.0
  private var trainingSeconds = 0.0
  private var selectionShare = 0.0
  private var overflowedSteps: Int?
  private var captured = CapturedHardness()
  private var embedding: Tensor?
  private(set) var lastLoss = Double.nan
  private var times = LoadingTimes()
  private var statistics = SelectionStatistics()
  private var start = ContinuousClock.now

  var isEmpty: Bool { count == 0 }

  mutating func add(_ report: StepReport, times: LoadingTimes, space: CandidateSpace) {
    statistics.add(report.parameters, slots: report.slots, scores: report.scores, in: space)
    embedding = report.embedding
    if let more = report.captured { captured += more }
    if let overflowed = report.overflowed { overflowedSteps = (overflowedSteps ?? 0) + (overflowed ? 1 : 0) }
    // Scores and embeddings of many steps would fill the memory.
    losses += report.loss
    lastLoss = report.loss
    selectionSeconds += report.selectionSeconds
    trainingSeconds += report.trainingSeconds
    selectionShare += report.selectionShare
    count += 1
    self.times = self.times + times
  }

  /// The averages so far; starts anew.
  mutating func flush(step: Int, epoch: Int, learningRate: Double) -> MetricsRecord {
    let elapsed = seconds(ContinuousClock.now - start)
    let steps = Double(count)
    let health = EmbeddingHealth(of: embedding ?? .zeros([2, 1]))
    defer { self = MetricsAccumulator() }
    return MetricsRecord(
      step: step, epoch: epoch, loss: losses / steps, learningRate: learningRate,
      imagesPerSecond: Double(statistics.images) / elapsed, dataSeconds: times.waiting,
      readingSeconds: times.reading, decodingSeconds: times.decoding, renderingSeconds: times.rendering,
      selectionSeconds: selectionSeconds, trainingSeconds: trainingSeconds, overflowedSteps: overflowedSteps,
      selectionShare: selectionShare / steps,
      selectedOverlap: statistics.selectedOverlap,
      randomOverlap: statistics.randomOverlap, rejectedOverlap: statistics.rejectedOverlap,
      leastOverlapShare: statistics.leastOverlapShare, selectedScore: statistics.selectedScore,
      randomScore: statistics.randomScore, capturedHardness: captured.total,
      capturedPredictedHardness: captured.predicted, capturedImageHardness: captured.imageSpecific,
      exactImageHardness: captured.exactImageSpecific, featureStandardDeviation: health.deviation,
      featureRank: health.rank)
  }
}
