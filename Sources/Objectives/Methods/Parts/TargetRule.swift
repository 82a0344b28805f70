import Torch

/// The target of a view's prediction when more than two views are trained on.
public enum TargetRule: String, Codable, Sendable, CaseIterable {
  /// Each other view's target in turn; the loss is the mean over all ordered pairs.
  case each
  /// The mean of the other views' targets, less noisy than each of them (FastSiam; Pototzky, Sultan and
  /// Schmidt-Thieme 2022).
  case mean

  /// The terms of predictions compared with targets by `loss`, a function to `[batch]`.
  public func terms(
    predictions: [Tensor], targets: [Tensor], _ loss: (_ prediction: Tensor, _ target: Tensor) -> Tensor
  ) -> LossTerms {
    let views = predictions.indices
    guard self == .mean, views.count > 2 else {
      return LossTerms(Array(views)) { source, target in loss(predictions[source], targets[target]) }
    }
    var terms = LossTerms(views: views.count)
    for view in views {
      let others = views.filter { $0 != view }.map { targets[$0] }
      terms.append(loss(predictions[view], Tensor.stacked(others).mean(along: 0)), of: view)
    }
    return terms
  }
}
