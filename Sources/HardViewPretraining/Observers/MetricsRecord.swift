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
  /// Images a second, all time counted.
  public var imagesPerSecond: Double
  /// Seconds that training waited for views.
  ///
  /// This and the other six seconds of the thread that trains add up to all of its time.
  public var dataSeconds: Double
  /// Seconds of all loader threads spent opening images.
  public var readingSeconds: Double
  /// Seconds of all loader threads spent decoding images.
  public var decodingSeconds: Double
  /// Seconds of all loader threads spent rendering views.
  public var renderingSeconds: Double
  /// Seconds spent rendering views that the loader does not render, and sending pixels to the device; absent in lines of
  /// older versions.
  public var candidateSeconds: Double?
  /// Seconds spent choosing views.
  public var selectionSeconds: Double
  /// Seconds spent training on the chosen views.
  public var trainingSeconds: Double
  /// Seconds spent measuring what selection captures: audits and calibrations; absent in lines of older versions.
  public var auditSeconds: Double?
  /// Seconds spent measuring the online signal; absent in lines of older versions.
  public var evaluationSeconds: Double?
  /// Seconds spent on records, checkpoints and observers; absent in lines of older versions.
  public var otherSeconds: Double?
  /// Processor seconds of all threads, but for those during the online signal; absent in lines of older versions.
  public var processorSeconds: Double?
  /// Seconds of the first worker's thread spent waiting for other workers, a part of those above; absent where one process
  /// trains.
  public var communicationSeconds: Double?
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
  /// Mean score (for most policies the loss) of the trained views; absent when none were computed.
  public var selectedScore: Double?
  /// The same of a random choice.
  ///
  /// Where the two are equal, the drawn views are too alike for selection to matter.
  public var randomScore: Double?
  /// How much of the hardness that exact selection finds was captured: 0 for random views, 1 for exact selection; absent
  /// where no step was audited (`selection.audit_every_steps`).
  public var capturedHardness: Double?
  /// The part of it that the drawn geometry and colors predict.
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
  /// The online signals since the line before, each with its own step; absent where there were none.
  public var online: [OnlineSignal]?
}
