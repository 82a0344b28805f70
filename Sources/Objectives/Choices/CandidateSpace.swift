import Views

/// Every choice of views that the loss could be computed on: for each group, `used` of its candidates.
///
/// Views of a pool are numbered group after group. A choice names the view of every slot, in rising order within a
/// group.
public struct CandidateSpace: Sendable, Equatable {
  /// Which views the loss consumes.
  public let plan: ViewPlan
  /// The candidates in each group.
  public let poolSizes: [Int]
  /// How often each drawn global view is among the candidates, one after the other, each with a mask of its own; no choice
  /// has one of them twice.
  public let masks: Int
  /// The choices of global views alone, lexicographically: for one group of two slots (0,1), (0,2), … as in the
  /// published code.
  ///
  /// Few, since only global views are related to one another.
  public let globals: [[Int]]
  /// The number of choices; `Int.max` when they are more.
  public let count: Int

  /// The space of a plan of whose groups `drawn` views are drawn each, at least as many as they use.
  public init(plan: ViewPlan, poolSizes drawn: [Int], masks: Int = 1) {
    precondition(
      plan.groups.count == drawn.count && zip(plan.groups, drawn).allSatisfy { $0.used <= $1 },
      "the pool \(drawn) has too few views for \(plan.groups)")
    self.plan = plan
    self.masks = masks
    poolSizes = zip(plan.groups, drawn).map { $0.isLocal ? $1 : $1 * masks }
    globals = Self.choices(of: zip(plan.groups, Self.ranges(poolSizes)).filter { !$0.0.isLocal }, masks: masks)
    count = zip(plan.groups, drawn).reduce(1) { product, group in
      let (plan, drawn) = group
      let factors = [binomial(drawn, plan.used)] + (plan.isLocal ? [] : Array(repeating: masks, count: plan.used))
      return factors.reduce(product) { product, factor in
        let (result, overflows) = product.multipliedReportingOverflow(by: factor)
        return overflows ? .max : result
      }
    }
  }

  /// The number of candidate views.
  public var viewCount: Int { poolSizes.reduce(0, +) }

  /// The views of each group, as numbers in the pool.
  public var ranges: [Range<Int>] { Self.ranges(poolSizes) }

  /// All choices, lexicographically; only for spaces of a size that fits memory.
  public var candidates: [[Int]] { Self.choices(of: Array(zip(plan.groups, ranges)), masks: masks) }

  /// The drawn views of each group.
  public var drawnSizes: [Int] { zip(plan.groups, poolSizes).map { $0.isLocal ? $1 : $1 / masks } }

  /// The place of a choice of global views among `globals`; nil where it is none of them.
  public func number(ofGlobals views: some Collection<Int>) -> Int? { globals.firstIndex { $0.elementsEqual(views) } }

  /// The number of every choice among `candidates`.
  public var numbers: [[Int]: Int] { Dictionary(uniqueKeysWithValues: candidates.enumerated().map { ($1, $0) }) }

  /// More choices than this are not listed where looking at each is a convenience: in records and audits.
  public static let recordedLimit = 64
  /// More choices than this are never listed.
  public static let listedLimit = 65_536

  /// The first views of each group: a random choice, since views are independent draws.
  public var first: [Int] {
    zip(plan.groups, ranges).flatMap { group, range in
      (0..<group.used).map { range.lowerBound + $0 * (group.isLocal ? 1 : masks) }
    }
  }

  /// One choice, each as likely as any other.
  public func randomChoice(using random: inout ViewRandom) -> [Int] {
    zip(plan.groups, ranges).flatMap { group, range in
      let copies = group.isLocal ? 1 : masks
      var views = Array(0..<range.count / copies)
      for slot in 0..<group.used { views.swapAt(slot, slot + random.integer(below: views.count - slot)) }
      return views.prefix(group.used).map { view in
        range.lowerBound + view * copies + (copies > 1 ? random.integer(below: copies) : 0)
      }.sorted()
    }
  }

  private static func ranges(_ sizes: [Int]) -> [Range<Int>] {
    var start = 0
    return sizes.map { size in
      defer { start += size }
      return start..<start + size
    }
  }

  private static func choices(of groups: [(ViewGroup, Range<Int>)], masks: Int) -> [[Int]] {
    groups.reduce([[]]) { heads, group in
      var tails = combinations(of: Array(group.1), taking: group.0.used)
      if masks > 1, !group.0.isLocal {
        tails.removeAll { Set($0.map { ($0 - group.1.lowerBound) / masks }).count < group.0.used }
      }
      return heads.flatMap { head in tails.map { head + $0 } }
    }
  }
}

/// Every way to take `count` elements in order, lexicographically.
func combinations(of elements: [Int], taking count: Int) -> [[Int]] {
  guard count > 0 else { return [[]] }
  guard let first = elements.first, elements.count >= count else { return [] }
  let rest = Array(elements.dropFirst())
  return combinations(of: rest, taking: count - 1).map { [first] + $0 } + combinations(of: rest, taking: count)
}

/// The number of ways to take `count` of `total` elements; `Int.max` when they are more.
private func binomial(_ total: Int, _ count: Int) -> Int {
  var result = 1
  for step in 0..<min(count, total - count) {
    let (product, overflows) = result.multipliedReportingOverflow(by: total - step)
    if overflows { return .max }
    result = product / (step + 1)
  }
  return result
}
