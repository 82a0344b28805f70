/// How good an encoder is, measured while it trains on a sample of the images.
///
/// Each image has two views that are always the same: the middle of it, as evaluation sees it, and one augmented view.
public struct OnlineSignal: Codable, Sendable, Equatable {
  /// Steps taken before.
  public var step: Int
  /// Epochs done before.
  public var epoch: Int
  /// Images in the sample that could be decoded.
  public var images: Int
  /// Share of the images whose class the `neighbours` most similar other images of the sample vote for; absent without
  /// labels.
  public var knn: Double?
  /// How many neighbors vote; absent without labels.
  public var neighbours: Int?
  /// Effective rank of the features (RankMe, arXiv 2210.02885).
  public var rank: Double
  /// Mean squared distance of an image's two views on the unit sphere: 0 to 4, lower is better aligned.
  public var alignment: Double
  /// Logarithm of the mean of exp(−2 d²) over pairs of images: 0 (all in a point) to about −4 (spread evenly).
  public var uniformity: Double
  /// Share of the augmented views whose nearest neighbor is the middle of the same image.
  public var retrieval: Double

  /// What signals are compared by, higher is better: accuracy of nearest neighbors where there are labels, else alignment
  /// and uniformity together, both of which are better when lower (Wang and Isola 2020, arXiv 2005.10242).
  public var quality: Double { knn ?? -(alignment + uniformity) }
}
