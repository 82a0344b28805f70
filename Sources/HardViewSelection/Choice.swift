import NeuralNetworks
import Objectives
import Torch
import Views

/// What was chosen for a batch.
///
/// Views are named by their number among those *drawn*, everywhere.
public struct Choice {
  /// Why these views.
  public enum Origin: Sendable, Equatable {
    /// A policy chose for this share of the images; the others take their first views, which are random ones.
    case selected(share: Double)
    /// The first views of every image, which are random ones.
    case random
    /// All of them.
    case allDrawn
  }

  /// The scores that decided.
  public struct Scores {
    /// How hard the choices among the scored views are, for the first images of the batch.
    public let values: ViewScores
    /// The choices among the scored views.
    public let space: CandidateSpace
    /// The scored views by their number among those drawn, `[view][image]`; nil where those are the same numbers.
    public let views: [[Int]]?
    /// The chosen views by their number among the scored ones, `[slots, images]`.
    public let slots: Tensor

    /// The scores of the chosen views, `[images]`.
    public var chosen: Tensor { values.scores(at: slots, in: space) }
    /// The mean score of all choices, `[images]`: that of a random one, on average.
    public var mean: Tensor { values.mean(in: space) }
  }

  /// The views to train on, in slot order.
  public private(set) var views: [View]
  /// Why these views.
  public let origin: Origin
  /// All choices among the drawn views; those of the images that are trained on are numbered in it.
  public let space: CandidateSpace
  /// For each image the chosen view of every slot, `[slots, batch]`; nil when all images take their first ones.
  public let slots: Tensor?
  /// The scores that decided; nil when none were computed.
  public let scores: Scores?
  /// How every drawn view is made, `[view][image]`; empty when it is unknown.
  public let parameters: [[ViewParameters]]
  /// The number of images.
  public let imageCount: Int
  /// The number of images whose views were selected, which come first.
  public let selectedCount: Int

  /// The choice without the views' pixels, for whoever looks back at it.
  public var withoutViews: Choice {
    var choice = self
    choice.views = []
    return choice
  }

  /// The share of the images whose views were selected.
  public var selectedShare: Double { if case .selected(let share) = origin { share } else { 0 } }

  /// For each image the chosen views, in slot order; waits for the choice.
  public func table() -> [[Int]] {
    slots.map { $0.transposed().contiguous().rows() } ?? Array(repeating: space.first, count: imageCount)
  }
}

/// The views drawn of a batch's images, rendered when they are asked for.
protocol CandidateViews {
  /// The number of images.
  var imageCount: Int { get }
  /// How every drawn view is made, `[view][image]`; nil when it is unknown.
  var parameters: [[ViewParameters]]? { get }

  /// The views to be scored of the first images.
  ///
  /// - Parameters:
  ///   - kept: The views as numbers in the only group, `[view][image]`; nil for the first ones of every group.
  ///   - count: How many images.
  func pool(keeping kept: [[Int]]?, ofFirst count: Int) -> ViewPool

  /// The views that are trained on, at their full size.
  func views(of choice: PooledChoice?) -> [View]
}

/// A choice for the first images of a batch, from a pool of their views.
struct PooledChoice {
  var pool: ViewPool
  /// The choices in the pool.
  var space: CandidateSpace
  /// Numbers in the pool, `[slots, images of the pool]`.
  var slots: Tensor
  /// Numbers among the drawn views, `[slots, batch]`: the first ones for images beyond the pool.
  var drawnSlots: Tensor
  /// For each slot what the targets of its view are made of, for all images; empty where that is to be computed.
  var targets: [[Tensor]]
}

/// Views that were rendered beforehand, so every one is available.
struct RenderedViews: CandidateViews {
  let whole: ViewPool
  let space: CandidateSpace

  var imageCount: Int { whole.batchSize }
  var parameters: [[ViewParameters]]? { whole.parameters }

  func pool(keeping kept: [[Int]]?, ofFirst count: Int) -> ViewPool { whole.prefix(count) }

  func views(of choice: PooledChoice?) -> [View] {
    guard let choice else {
      let views = whole.views
      return space.first.map { views[$0] }
    }
    var views = whole.gathered(choice.drawnSlots, from: space)
    for (slot, targets) in choice.targets.enumerated() { views[slot].targets = targets }
    return views
  }
}
