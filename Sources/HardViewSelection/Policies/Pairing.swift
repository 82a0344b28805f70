import Objectives
import Torch

/// How views that are all trained on are divided into pairs.
///
/// Where N views of an image are all trained on, each in one pair, choosing who is paired with whom costs no pass
/// through a network: the losses of all pairs follow from the encodings that training needs anyway. Each view is used
/// once whatever is chosen, so the hardest pairing does not favor small or pale views as the hardest pair does.
public struct Pairing: Sendable {
  /// Whether the hardest pairing of each image is taken, or the first one.
  public var takesHardest: Bool

  /// The hardest pairing, or, as a control, one that is as good as random since views are independent draws.
  public init(takesHardest: Bool) {
    self.takesHardest = takesHardest
  }

  /// The mean loss of each image's pairs, `[batch]`.
  func losses<Method: SelfSupervisedMethod>(
    _ encodings: [Method.Encoding], of method: Method, in context: StepContext
  ) -> Tensor {
    let space = CandidateSpace(plan: .pair, poolSizes: [encodings.count])
    let pairs = method.choiceLosses(encodings, over: space, in: context).scores(in: space)
    let number = space.numbers
    let pairings = Self.pairings(of: Array(encodings.indices)).map { $0.map { number[$0]! } }
    let listed = pairs.selecting(Tensor(pairings.flatMap { $0 }))
      .reshaped([pairings.count, encodings.count / 2, pairs.shape[1]]).mean(along: 1)
    guard takesHardest else { return listed.selecting(Tensor([0])).reshaped([-1]) }
    let hardest = withoutGradients { listed.detached().argmax(along: 0) }
    return listed.gathering(hardest.reshaped([1, -1]), along: 0).reshaped([-1])
  }

  /// Every way to divide an even number of views into pairs.
  static func pairings(of views: [Int]) -> [[[Int]]] {
    guard let first = views.first else { return [[]] }
    return views.dropFirst().flatMap { second in
      pairings(of: views.filter { $0 != first && $0 != second }).map { [[first, second]] + $0 }
    }
  }
}
