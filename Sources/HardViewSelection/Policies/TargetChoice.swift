import Objectives
import Torch

/// What chosen views are to predict.
public enum TargetChoice: String, Codable, Sendable, CaseIterable {
  /// Each other, as published.
  case chosen
  /// Each other, with the targets of the scoring pass instead of those that the training pass would compute.
  case scored
  /// The mean of the targets of all drawn views but the predicting one, from the scoring pass: targets that vary less than
  /// the views they are predicted from.
  case mean

  /// For each slot what the targets of its view are made of; empty where the training pass is to compute that.
  ///
  /// A view's targets are what the views in other slots predict, so with `mean` they leave out the views chosen there.
  ///
  /// - Parameters:
  ///   - slots: The chosen views as numbers in the pool, `[slots, batch]`.
  ///   - targets: For each view of the pool what its targets are made of, its first dimension the batch; or empty.
  func ofSlots(_ slots: Tensor, in space: CandidateSpace, from targets: [[Tensor]]) -> [[Tensor]] {
    guard !targets.isEmpty else { return [] }
    var own: [[Tensor]] = []
    for (group, range) in zip(space.plan.groups, space.ranges) {
      let members = slots.narrowed(along: 0, from: own.count, count: group.used) - range.lowerBound
      let parts = targets[range.lowerBound].indices.map { part in
        Tensor.stacked(range.map { targets[$0][part] }).selectingImages(members)
      }
      own += (0..<group.used).map { slot in parts.map { $0[slot] } }
    }
    guard self == .mean else { return own }
    let all = targets.filter { !$0.isEmpty }
    let sums = (all.first ?? []).indices.map { part in Tensor.stacked(all.map { $0[part] }).sum(along: 0) }
    let givers = own.indices.filter { !own[$0].isEmpty }
    return own.indices.map { slot in
      let others = givers.filter { $0 != slot }
      return own[slot].indices.map { part in
        others.reduce(sums[part]) { $0 - own[$1][part] } / Double(all.count - others.count)
      }
    }
  }
}
