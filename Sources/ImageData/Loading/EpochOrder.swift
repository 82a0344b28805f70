import Views

/// The order in which an epoch shows the images of a dataset.
enum EpochOrder {
  /// How many shards are read at once: enough that neighbours in the order come from many places, few enough that each
  /// is read from front to back.
  static let openShards = 16

  /// Positions below `count` in random order: each once, or as often as its weight says.
  ///
  /// Without shards, every order is equally likely. With them, the shards are taken in random order, `openShards` at a
  /// time, and each is read from front to back; what is read waits among `buffer` images, from which the next one is
  /// drawn. So the images that are read from a shard one after the other lie about `buffer` / `openShards` images apart
  /// in it, near enough for what the system reads ahead; a buffer for all images makes every order equally likely again.
  ///
  /// - Parameters:
  ///   - weights: How often each position comes, in proportion; nil for once each. The order has `count` of them.
  ///   - shards: Stretches that together are all positions.
  ///   - buffer: Images that wait at once, at least 1.
  static func order(
    count: Int, weights: [Double]?, shards: [Range<Int>]?, buffer: Int, using random: inout ViewRandom
  ) -> [Int] {
    guard let weights else { return order(count: count, shards: shards, buffer: buffer, using: &random) }
    let drawn = drawn(weights, using: &random)
    func place(_ index: Int) -> Int { drawn.partitioningIndex { $0 >= index } }
    let order = order(
      count: drawn.count, shards: shards?.map { place($0.lowerBound)..<place($0.upperBound) }, buffer: buffer,
      using: &random)
    return order.map { drawn[$0] }
  }

  /// As many positions as there are weights, ascending, each as often as its weight says, rounded up or down.
  ///
  /// Systematic sampling: the points of an even grid, shifted at random, that fall into each position's share.
  private static func drawn(_ weights: [Double], using random: inout ViewRandom) -> [Int] {
    let step = weights.reduce(0, +) / Double(weights.count)
    let shift = random.uniform()
    var drawn: [Int] = []
    drawn.reserveCapacity(weights.count)
    var end = 0.0
    for (position, weight) in weights.enumerated() {
      end += weight
      while drawn.count < weights.count, (Double(drawn.count) + shift) * step < end { drawn.append(position) }
    }
    // Sums of many weights are rounded.
    let last = weights.lastIndex { $0 > 0 }!
    return drawn + Array(repeating: last, count: weights.count - drawn.count)
  }

  private static func order(
    count: Int, shards: [Range<Int>]?, buffer: Int, using random: inout ViewRandom
  ) -> [Int] {
    guard let shards, buffer < count else { return random.permutation(of: count) }
    var stream = ShardStream(shards: shards, using: &random)
    var order: [Int] = []
    order.reserveCapacity(count)
    var waiting: [Int] = []
    waiting.reserveCapacity(buffer)
    while waiting.count < buffer, let index = stream.next(using: &random) { waiting.append(index) }
    while let index = stream.next(using: &random) {
      let place = random.integer(below: waiting.count)
      order.append(waiting[place])
      waiting[place] = index
    }
    return order + random.permutation(of: waiting.count).map { waiting[$0] }
  }

  /// The positions of shards in random order, each shard's in its own.
  private struct ShardStream {
    private var upcoming: [Range<Int>]
    private var open: [Range<Int>] = []

    init(shards: [Range<Int>], using random: inout ViewRandom) {
      let shards = shards.filter { !$0.isEmpty }
      upcoming = random.permutation(of: shards.count).map { shards[$0] }
      while open.count < openShards, let shard = upcoming.popLast() { open.append(shard) }
    }

    mutating func next(using random: inout ViewRandom) -> Int? {
      guard !open.isEmpty else { return nil }
      let place = random.integer(below: open.count)
      let index = open[place].lowerBound
      open[place].removeFirst()
      if open[place].isEmpty {
        if let shard = upcoming.popLast() { open[place] = shard } else { open.remove(at: place) }
      }
      return index
    }
  }
}

extension [Int] {
  /// The first place whose element fulfills a condition that all later ones fulfill, too.
  fileprivate func partitioningIndex(where belongs: (Int) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if belongs(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
