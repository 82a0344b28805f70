import Testing
import Views

@testable import ImageData

@Suite struct EpochOrderTests {
  private func random(_ epoch: Int = 0, seed: UInt64 = 5) -> ViewRandom {
    ViewRandom(seed: seed, epoch: epoch, sample: 0, view: 0, stream: RandomStream.epochOrder)
  }

  private func order(_ sizes: [Int], buffer: Int, epoch: Int = 0, seed: UInt64 = 5) -> [Int] {
    var random = random(epoch, seed: seed)
    return EpochOrder.order(
      count: sizes.reduce(0, +), weights: nil, shards: shards(sizes), buffer: buffer, using: &random)
  }

  private func shards(_ sizes: [Int]) -> [Range<Int>] {
    var start = 0
    return sizes.map { size in
      defer { start += size }
      return start..<start + size
    }
  }

  @Test(arguments: [
    [1], [100], [0, 3, 0, 40], Array(repeating: 10, count: 50), [500] + Array(repeating: 1, count: 30),
  ])
  func isAPermutation(sizes: [Int]) {
    let count = sizes.reduce(0, +)
    for buffer in [1, 2, 7, count - 1, count, 10 * count] where buffer > 0 {
      for epoch in 0..<3 {
        #expect(order(sizes, buffer: buffer, epoch: epoch).sorted() == Array(0..<count), "buffer \(buffer)")
      }
    }
  }

  @Test func dependsOnSeedAndEpochAlone() {
    let sizes = Array(repeating: 30, count: 20)
    let orders = (0..<4).map { order(sizes, buffer: 50, epoch: $0) }
    #expect(Set(orders).count == 4)
    #expect(order(sizes, buffer: 50, epoch: 2) == orders[2])
    #expect(order(sizes, buffer: 50, epoch: 2, seed: 6) != orders[2])
  }

  @Test func withoutShardsOrWithRoomForAllItIsTheFullShuffle() {
    var whole = random()
    var unsharded = random()
    let expected = whole.permutation(of: 600)
    #expect(EpochOrder.order(count: 600, weights: nil, shards: nil, buffer: 1, using: &unsharded) == expected)
    #expect(order(Array(repeating: 30, count: 20), buffer: 600) == expected)
  }

  @Test func shardsAreReadNearlyFrontToBack() {
    let (size, count, buffer) = (2000, 40, 1024)
    let order = order(Array(repeating: size, count: count), buffer: buffer)
    var last: [Int: Int] = [:]
    var distance = 0
    for index in order {
      let shard = index / size
      if let before = last[shard] { distance += abs(index - before) }
      last[shard] = index
    }
    let mean = Double(distance) / Double(order.count)
    // A uniform shuffle has a third of a shard, 667 images.
    #expect(mean < 2 * Double(buffer) / Double(EpochOrder.openShards), "\(mean) images between reads")
  }

  @Test func neighboursComeFromManyShards() {
    let size = 1000
    let order = order(Array(repeating: size, count: 60), buffer: 2000)
    for start in stride(from: 0, to: 30_000, by: 256) {
      let shards = Set(order[start..<start + 256].map { $0 / size })
      #expect(shards.count >= EpochOrder.openShards)
    }
  }

  @Test func theFirstImagesAreNotAlwaysTheSame() {
    let sizes = Array(repeating: 20, count: 40)
    let firsts = Set((0..<200).map { order(sizes, buffer: 100, epoch: $0)[0] })
    #expect(firsts.count > 90)
  }

  @Test func aSubsetKeepsToItsShards() {
    struct Sharded: ImageDataset {
      let count = 30
      let labels: [Int]? = nil
      let classNames: [String]? = nil
      let summary = "sharded"
      let shards: [Range<Int>]? = [0..<10, 10..<12, 12..<30]
      func source(at index: Int) throws(ImageError) -> any ImageSource { fatalError() }
      func name(at index: Int) -> String { "" }
    }
    #expect(Subset(Sharded(), indices: [1, 4, 12, 13, 29]).shards == [0..<2, 2..<5])
    #expect(Subset(Sharded(), indices: []).shards == [])
    #expect(Subset(Sharded(), indices: [4, 1]).shards == nil)
    #expect(Subset(StubDataset(count: 3), indices: [0]).shards == nil)
  }

  /// Each position comes as often as its weight says, rounded up or down, and on average exactly so.
  @Test(arguments: [nil, [30, 0, 45, 25]])
  func weightsDecideHowOftenAPositionComes(sizes: [Int]?) {
    var draw = random(seed: 11)
    let weights = (0..<100).map { $0 % 7 == 0 ? 0 : draw.uniform() }
    let share = 100 / weights.reduce(0, +)
    var sums = Array(repeating: 0, count: 100)
    for epoch in 0..<400 {
      var random = random(epoch)
      let order = EpochOrder.order(
        count: 100, weights: weights, shards: sizes.map(shards), buffer: 20, using: &random)
      #expect(order.count == 100 && order != order.sorted())
      for (position, weight) in weights.enumerated() {
        let count = order.count { $0 == position }
        #expect(abs(Double(count) - weight * share) < 1)
        sums[position] += count
      }
    }
    for (sum, weight) in zip(sums, weights) { #expect(abs(Double(sum) / 400 - weight * share) < 0.12) }
    var once = random()
    let same = EpochOrder.order(
      count: 100, weights: Array(repeating: 0.3, count: 100), shards: sizes.map(shards), buffer: 20, using: &once)
    #expect(same.sorted() == Array(0..<100))
  }
}
