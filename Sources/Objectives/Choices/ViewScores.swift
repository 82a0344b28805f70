import Torch

/// How hard the choices of a space are for every image; higher is harder.
public enum ViewScores: Sendable {
  /// One score for every choice, `[candidates, batch]`, in the order of `CandidateSpace.candidates`.
  case listed(Tensor)
  /// Scores that are sums over the pairs of views in a choice.
  case additive(PairScores)
}

/// Scores of pairs of views, of which the score of a choice is the sum.
public struct PairScores: Sendable {
  /// `[views, views, batch]`, symmetric: what a pair of views adds; on the diagonal what a view adds by itself.
  public let matrix: Tensor

  /// Wraps a table.
  public init(_ matrix: Tensor) {
    self.matrix = matrix
  }

  /// The scores of some choices, `[choices, batch]`.
  public func scores(of choices: [[Int]]) -> Tensor {
    let (views, batch) = (matrix.shape[0], matrix.shape[2])
    let entries = choices.flatMap { choice in
      choice.indices.flatMap { slot in choice[slot...].map { choice[slot] * views + $0 } }
    }
    return matrix.reshaped([views * views, batch]).selecting(Tensor(entries))
      .reshaped([choices.count, entries.count / choices.count, batch]).sum(along: 1)
  }
}

extension ViewScores {
  /// The scores of some choices, `[choices, batch]`.
  ///
  /// - Parameter choices: Some of `space.candidates`; nil for all of them, in their order.
  public func scores(of choices: [[Int]]? = nil, in space: CandidateSpace) -> Tensor {
    switch self {
    case .additive(let pairs):
      return pairs.scores(of: choices ?? space.candidates)
    case .listed(let scores):
      guard let choices else { return scores }
      let rows = space.numbers
      return scores.selecting(Tensor(choices.map { rows[$0]! }))
    }
  }

  /// The score of one choice for each image.
  ///
  /// - Parameter slots: For each image the views of its choice, in slot order.
  package func scores(at slots: [[Int]], in space: CandidateSpace) -> [Double] {
    let table = Tensor(slots.flatMap { $0 }, shape: [slots.count, slots[0].count])
    return scores(at: table.transposed().contiguous(), in: space).scalars()
  }

  /// The score of one choice for each image, `[batch]`; waits for the choice where scores are listed.
  ///
  /// - Parameter slots: For each image the views of its choice, `[slots, batch]`.
  public func scores(at slots: Tensor, in space: CandidateSpace) -> Tensor {
    switch self {
    case .additive(let pairs):
      let (views, batch, count) = (pairs.matrix.shape[0], pairs.matrix.shape[2], slots.shape[0])
      let rows = slots.split(into: count).map { $0.reshaped([-1]) }
      let entries = (0..<count).flatMap { slot in (slot..<count).map { rows[slot] * views + rows[$0] } }
      return pairs.matrix.reshaped([views * views, batch]).gathering(.stacked(entries), along: 0).sum(along: 0)
    case .listed(let scores):
      let numbers = space.numbers
      let rows = slots.transposed().contiguous().rows(as: Int.self).map { numbers[$0]! }
      return scores.gathering(Tensor(rows, shape: [1, rows.count]), along: 0).reshaped([-1])
    }
  }

  /// The mean score of all choices of a space for each image, `[batch]`; exact however large the space.
  public func mean(in space: CandidateSpace) -> Tensor {
    switch self {
    case .listed(let scores): scores.mean(along: 0)
    case .additive(let pairs): pairs.mean(in: space)
    }
  }

  /// The opposite: the hardest choice becomes the easiest.
  public var negated: ViewScores {
    switch self {
    case .listed(let scores): .listed(-scores)
    case .additive(let pairs): .additive(PairScores(-pairs.matrix))
    }
  }

  /// The difference, choice by choice; both must be of one kind.
  public static func - (left: ViewScores, right: ViewScores) -> ViewScores {
    switch (left, right) {
    case (.listed(let left), .listed(let right)): return .listed(left - right)
    case (.additive(let left), .additive(let right)): return .additive(PairScores(left.matrix - right.matrix))
    default: preconditionFailure("scores of choices and of pairs have no difference")
    }
  }

  /// The choice with the highest score for each image, `[slots, batch]`; the first of equals.
  ///
  /// Exact however large the space: local views are not related to one another, so for a given choice of global views
  /// the best local ones are those that add most.
  /// - Parameter penalty: Added to the score of every choice with these global views, `[space.globals, batch]` or
  ///   `[space.globals, 1]`.
  public func hardest(in space: CandidateSpace, penalty: Tensor? = nil) -> Tensor {
    switch self {
    case .additive(let pairs):
      return pairs.hardest(in: space, penalty: penalty)
    case .listed(let scores):
      // Choices with the same global views follow one another.
      var scores = scores
      if let penalty {
        let (heads, batch) = (space.globals.count, scores.shape[1])
        scores = (scores.reshaped([heads, -1, batch]) + penalty.expandingDimension(at: 1)).reshaped([-1, batch])
      }
      return Self.slots(of: scores.argmax(along: 0), in: space.candidates)
    }
  }

  /// The slots of chosen rows, `[slots, batch]`.
  public static func slots(of rows: Tensor, in choices: [[Int]]) -> Tensor {
    Tensor(choices.flatMap { $0 }, shape: [choices.count, choices[0].count]).selecting(rows).transposed()
  }
}

extension PairScores {
  /// Each local view is in as many choices as its group's share of trained views says.
  fileprivate func mean(in space: CandidateSpace) -> Tensor {
    let heads = space.globals
    return zip(space.plan.groups, space.ranges).filter { $0.0.isLocal }.reduce(scores(of: heads).mean(along: 0)) {
      total, local in
      let (group, range) = local
      return total + added(byLocals: range, to: heads).mean(along: 0).sum(along: 0)
        * (Double(group.used) / Double(range.count))
    }
  }

  /// What each local view adds beside each choice of global ones, `[heads, views, batch]`.
  private func added(byLocals range: Range<Int>, to heads: [[Int]]) -> Tensor {
    let (views, batch) = (matrix.shape[0], matrix.shape[2])
    let entries = heads.flatMap { head in
      range.flatMap { view in head.map { $0 * views + view } + [view * views + view] }
    }
    return matrix.reshaped([views * views, batch]).selecting(Tensor(entries))
      .reshaped([heads.count, range.count, heads[0].count + 1, batch]).sum(along: 2)
  }

  fileprivate func hardest(in space: CandidateSpace, penalty: Tensor?) -> Tensor {
    let batch = matrix.shape[2]
    let heads = space.globals
    var total = scores(of: heads)
    if let penalty { total = total + penalty }
    var locals: [Tensor] = []
    for (group, range) in zip(space.plan.groups, space.ranges) where group.isLocal {
      let best = added(byLocals: range, to: heads).largest(group.used, along: 1)
      total = total + best.values.sum(along: 1)
      locals.append(best.indices.sorted(along: 1) + range.lowerBound)
    }
    let head = total.argmax(along: 0)
    let globals = ViewScores.slots(of: head, in: heads)
    guard !locals.isEmpty else { return globals }
    let chosen = locals.map { group in
      let used = group.shape[1]
      return group.gathering(head.reshaped([1, 1, batch]).expanded(to: [1, used, batch]), along: 0)
        .reshaped([used, batch])
    }
    return .concatenated([globals] + chosen)
  }
}
