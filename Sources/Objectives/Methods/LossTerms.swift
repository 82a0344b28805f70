import Torch

/// The terms of a loss that relates views in pairs, for every image: what trains and what ranks.
///
/// The loss of a set of views is the mean of its pair terms plus the mean of its single terms. Almost every objective
/// has this form, so the losses of all choices follow from one table, however many choices share a term.
public struct LossTerms {
  /// `losses`, shape `[batch]`, relates two views.
  struct Pair {
    var first: Int
    var second: Int
    var losses: Tensor
  }

  private(set) var pairs: [Pair] = []
  private(set) var singles: [Int: Tensor] = [:]
  private let viewCount: Int

  /// No terms among a number of views.
  public init(views: Int) {
    viewCount = views
  }

  /// A term for every ordered pair of views that has one.
  ///
  /// - Parameter loss: The loss, shape `[batch]`, of predicting the second view from the first; nil for no term.
  public init<Encoding>(_ encodings: [Encoding], _ loss: (_ source: Encoding, _ target: Encoding) -> Tensor?) {
    self.init(views: encodings.count)
    for target in encodings.indices {
      for source in encodings.indices where source != target {
        if let term = loss(encodings[source], encodings[target]) { append(term, relating: source, target) }
      }
    }
  }

  /// Adds a term that relates two views, in either order; a pair may have several.
  public mutating func append(_ losses: Tensor, relating first: Int, _ second: Int) {
    pairs.append(Pair(first: min(first, second), second: max(first, second), losses: losses))
  }

  /// Adds a term of one view.
  public mutating func append(_ losses: Tensor, of view: Int) {
    singles[view] = singles[view].map { $0 + losses } ?? losses
  }

  /// The loss of all views together, `[batch]`.
  public var mean: Tensor {
    var parts: [Tensor] = []
    if !pairs.isEmpty { parts.append(Tensor.stacked(pairs.map(\.losses)).mean(along: 0)) }
    if !singles.isEmpty { parts.append(Tensor.stacked(singles.sorted { $0.key < $1.key }.map(\.value)).mean(along: 0)) }
    return parts.dropFirst().reduce(parts[0], +)
  }

  /// The losses of every choice in a space.
  public func scores(in space: CandidateSpace) -> PairScores {
    let used = Set(space.first)
    let pairCount = pairs.count { used.contains($0.first) && used.contains($0.second) }
    let singleCount = singles.count { used.contains($0.key) }
    var table: [Int: Tensor] = [:]
    for pair in pairs {
      let share = pair.losses / Double(pairCount)
      for entry in [pair.first * viewCount + pair.second, pair.second * viewCount + pair.first] {
        table[entry] = table[entry].map { $0 + share } ?? share
      }
    }
    for (view, losses) in singles { table[view * viewCount + view] = losses / Double(singleCount) }
    let zero = Tensor.zeros((pairs.map(\.losses) + singles.values)[0].shape)
    return PairScores(
      Tensor.stacked((0..<viewCount * viewCount).map { table[$0] ?? zero })
        .reshaped([viewCount, viewCount, zero.shape[0]]))
  }
}
