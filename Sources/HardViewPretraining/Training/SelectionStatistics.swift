import Views

/// What the chosen views have in common, averaged over images: the quantities of the paper's analysis.
struct SelectionStatistics {
  private(set) var images = 0
  private var selected = 0.0
  private var random = 0.0
  private var rejected = 0.0
  private var rejectedCount = 0
  private var leastOverlapping = 0

  /// Adds a batch.
  /// - Parameters:
  ///   - parameters: What was drawn, `[view][image]`.
  ///   - choice: For each image its index into the space; nil when there was only one choice.
  mutating func add(_ parameters: [[ViewParameters]], choice: [Int]?, in space: CandidateSpace) {
    for image in parameters[0].indices {
      let boxes = parameters.map { $0[image].crop }
      let overlaps = space.candidates.map { Self.overlap(of: $0.map { boxes[$0] }) }
      let chosen = choice?[image] ?? 0
      images += 1
      selected += overlaps[chosen]
      random += overlaps[0]
      rejected += overlaps.reduce(0, +) - overlaps[chosen]
      rejectedCount += overlaps.count - 1
      // Ties count for the selection only when it takes the first of them, as the argmin does.
      if overlaps.firstIndex(of: overlaps.min()!) == chosen { leastOverlapping += 1 }
    }
  }

  /// Mean intersection over union of the trained views.
  var selectedOverlap: Double { selected / Double(images) }
  /// The same for the first choice, which is a random one since views are independent draws.
  var randomOverlap: Double { random / Double(images) }
  /// The same for all choices not taken; nil when there was only one choice.
  var rejectedOverlap: Double? { rejectedCount == 0 ? nil : rejected / Double(rejectedCount) }
  /// Share of images whose chosen views overlap least; nil when there was only one choice.
  var leastOverlapShare: Double? { rejectedCount == 0 ? nil : Double(leastOverlapping) / Double(images) }

  /// Mean intersection over union over the pairs of boxes.
  private static func overlap(of boxes: [CropBox]) -> Double {
    var sum = 0.0
    var count = 0
    for first in boxes.indices {
      for second in boxes.indices where second > first {
        sum += boxes[first].intersectionOverUnion(with: boxes[second])
        count += 1
      }
    }
    return count == 0 ? 1 : sum / Double(count)
  }
}
