/// One line of `health.jsonl`: something that is wrong with a training, or probably is.
public struct HealthFinding: Codable, Sendable, Equatable {
  /// What is wrong.
  public enum Kind: String, Codable, Sendable, CaseIterable {
    /// The loss is NaN or infinite.
    case nonFiniteLoss = "non_finite_loss"
    /// Embeddings are the same for all images.
    case collapse
    /// Embeddings use fewer and fewer dimensions while the loss falls.
    case partialCollapse = "partial_collapse"
    /// Chosen views are hardly harder than random ones.
    case flatScores = "flat_scores"
    /// Chosen crops hardly overlap, and images are recognized less and less.
    case distantViews = "distant_views"
    /// Random crops are nearly the same.
    case narrowViews = "narrow_views"
    /// What makes chosen views hard is how they were drawn, not what they show.
    case shallowHardness = "shallow_hardness"
    /// The loss of a batch is far above those before.
    case lossSpike = "loss_spike"
    /// The loss has not fallen in the first epoch.
    case noProgress = "no_progress"
    /// Training waits for images.
    case slowLoading = "slow_loading"
    /// Many images are copies of one another.
    case repeatedImages = "repeated_images"
    /// The share of hard views was lowered, as `safety` asks.
    case loweredShare = "lowered_share"
    /// Training went back to an earlier checkpoint, as `safety` asks.
    case wentBack = "went_back"
  }

  /// Steps taken when it was seen.
  public var step: Int
  /// The epoch, from 0.
  public var epoch: Int
  /// What is wrong.
  public var kind: Kind
  /// What was seen, with figures, and what it means.
  public var message: String
  /// What to change.
  public var advice: String

  /// Puts a finding together.
  public init(step: Int, epoch: Int, kind: Kind, message: String, advice: String) {
    self.step = step
    self.epoch = epoch
    self.kind = kind
    self.message = message
    self.advice = advice
  }
}
