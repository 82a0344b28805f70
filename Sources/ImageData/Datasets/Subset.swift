import Views

/// Some images of another dataset, in a chosen order.
public struct Subset: ImageDataset {
  /// The dataset the images belong to.
  public let base: any ImageDataset
  /// Where the images are in `base`.
  public let indices: [Int]
  /// The class of every image of the subset; the classes keep their numbers.
  public let labels: [Int]?

  /// Chooses the images at `indices` of `base`.
  public init(_ base: any ImageDataset, indices: [Int]) {
    let count = base.count
    precondition(indices.allSatisfy { $0 >= 0 && $0 < count }, "a subset's indices must be below \(count)")
    self.base = base
    self.indices = indices
    self.labels = base.labels.map { labels in indices.map { labels[$0] } }
  }

  /// The number of images in the subset.
  public var count: Int { indices.count }
  /// The names of the classes of `base`, whether or not the subset has images of all of them.
  public var classNames: [String]? { base.classNames }
  /// The stretches of the subset that lie in one of `base`'s; nil where the subset is not in the order of `base`.
  public var shards: [Range<Int>]? {
    guard let whole = base.shards, zip(indices, indices.dropFirst()).allSatisfy({ $0 < $1 }) else { return nil }
    return whole.map { shard in
      indices.firstPosition { $0 >= shard.lowerBound }..<indices.firstPosition { $0 >= shard.upperBound }
    }.filter { !$0.isEmpty }
  }
  /// How many images of which dataset.
  public var summary: String { "\(count) of \(base.summary)" }
  /// What was left out of `base`.
  public var remarks: [String] { base.remarks }

  /// The subset's image `index`.
  public func source(at index: Int) throws(ImageError) -> any ImageSource { try base.source(at: indices[index]) }
  /// The name that the image has in `base`.
  public func name(at index: Int) -> String { base.name(at: indices[index]) }
}

extension ImageDataset {
  /// At most `count` images, each class in the proportion it has here, in the order they have here.
  ///
  /// Which images depends on `seed` alone. Without labels they are drawn from all images alike.
  public func limited(to count: Int, seed: UInt64) -> Subset {
    let labels = labels ?? Array(repeating: 0, count: self.count)
    return Subset(self, indices: stratifiedSample(of: labels, count: min(count, self.count), seed: seed))
  }
}

/// Splits the positions of `labels`, holding out `fraction` (0...1) of them, each class in its proportion.
///
/// Both parts are in rising order; which positions are held out depends on `labels` and `seed` alone.
public func stratifiedSplit(labels: [Int], fraction: Double, seed: UInt64) -> (kept: [Int], heldOut: [Int]) {
  precondition((0...1).contains(fraction), "the held-out fraction must be between 0 and 1, not \(fraction)")
  let count = Int((fraction * Double(labels.count)).rounded())
  let heldOut = stratifiedSample(of: labels, count: count, seed: seed)
  let chosen = Set(heldOut)
  return (labels.indices.filter { !chosen.contains($0) }, heldOut)
}

/// Exactly `sampleSize` positions of `labels` in rising order.
///
/// Each class gets its share rounded down, and the places left over go to the largest remainders, the lower class first.
private func stratifiedSample(of labels: [Int], count sampleSize: Int, seed: UInt64) -> [Int] {
  precondition(sampleSize >= 0, "a number of images cannot be negative")
  let members = Dictionary(grouping: labels.indices) { labels[$0] }
  let classes = members.keys.sorted()
  let total = max(labels.count, 1)
  var shares = classes.map { sampleSize * members[$0]!.count / total }
  let remainders = classes.map { sampleSize * members[$0]!.count % total }
  let byRemainder = classes.indices.sorted { (remainders[$1], $0) < (remainders[$0], $1) }
  for position in byRemainder.prefix(sampleSize - shares.reduce(0, +)) { shares[position] += 1 }

  var chosen: [Int] = []
  for (label, share) in zip(classes, shares) {
    var random = ViewRandom(seed: seed, epoch: 0, sample: label, view: 0, stream: RandomStream.split)
    let members = members[label]!
    chosen += random.permutation(of: members.count).prefix(share).map { members[$0] }
  }
  return chosen.sorted()
}
