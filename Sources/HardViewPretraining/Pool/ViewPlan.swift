/// Views drawn with one augmentation recipe, interchangeable to the loss.
public struct ViewGroup: Sendable, Hashable {
  /// What they are, such as "view" or "global".
  public var name: String
  /// How many of them the loss consumes.
  public var used: Int

  /// Names a group and says how many of its views the loss consumes.
  public init(_ name: String, used: Int) {
    self.name = name
    self.used = used
  }
}

/// The views that a method trains on, in the order of its slots.
public struct ViewPlan: Sendable, Hashable {
  /// The groups, in slot order.
  public var groups: [ViewGroup]

  /// Lists the groups.
  public init(_ groups: ViewGroup...) {
    self.groups = groups
  }
}

/// Every choice of views that the loss could be computed on: for each group, `used` of its candidates.
public struct CandidateSpace: Sendable, Equatable {
  /// `candidates[k][slot]` is the index in the pool of the view that choice k puts into a slot.
  ///
  /// In lexicographic order, so that for one group of two slots they are (0,1), (0,2), … as in the published code.
  public let candidates: [[Int]]

  /// Lists the choices for a plan whose groups have `poolSizes` candidates each.
  public init(plan: ViewPlan, poolSizes: [Int]) {
    var offset = 0
    var all: [[Int]] = [[]]
    for (group, size) in zip(plan.groups, poolSizes) {
      let choices = combinations(of: Array(offset..<offset + size), taking: group.used)
      all = all.flatMap { head in choices.map { head + $0 } }
      offset += size
    }
    candidates = all
  }

  /// The number of choices.
  public var count: Int { candidates.count }
}

/// Every way to take `count` elements in order, lexicographically.
func combinations(of elements: [Int], taking count: Int) -> [[Int]] {
  guard count > 0 else { return [[]] }
  guard let first = elements.first, elements.count >= count else { return [] }
  let rest = Array(elements.dropFirst())
  return combinations(of: rest, taking: count - 1).map { [first] + $0 } + combinations(of: rest, taking: count)
}
