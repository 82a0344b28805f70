import HardViewSelection
import Objectives
import Torch
import Views

/// What the chosen views have in common, averaged over images: the quantities of the paper's analysis.
///
/// Overlaps are those of global views, as in the paper's analysis of DINO.
struct SelectionStatistics {
  private(set) var images = 0
  private var selected = 0.0
  private var random = 0.0
  private var rejected = 0.0
  private var rejectedCount = 0
  private var leastOverlapping = 0
  private var scored = 0
  // Tensors, so that no step waits for them.
  private var selectedScores: Tensor?
  private var meanScores: Tensor?

  /// Adds a batch; waits for the choice.
  mutating func add(_ choice: Choice) {
    let (space, heads) = (choice.space, choice.space.globals)
    let globalSlots = space.plan.globalSlotCount
    let table = choice.slots == nil ? nil : choice.table()
    for image in 0..<choice.imageCount {
      images += 1
      guard !choice.parameters.isEmpty else { continue }
      let boxes = choice.parameters.map { $0[image].crop }
      let overlaps = heads.map { Self.overlap(of: $0.map { boxes[$0] }) }
      let chosen = table.map { space.number(ofGlobals: $0[image].prefix(globalSlots))! } ?? 0
      selected += overlaps[chosen]
      random += overlaps[0]
      rejected += overlaps.reduce(0, +) - overlaps[chosen]
      rejectedCount += overlaps.count - 1
      // Ties count for the selection only when it takes the first of them, as the argmin does.
      if overlaps.firstIndex(of: overlaps.min()!) == chosen { leastOverlapping += 1 }
    }
    if let scores = choice.scores { add(scores) }
  }

  private mutating func add(_ scores: Choice.Scores) {
    scored += scores.slots.shape[1]
    let (selected, mean) = (scores.chosen.sum(), scores.mean.sum())
    selectedScores = selectedScores.map { $0 + selected } ?? selected
    meanScores = meanScores.map { $0 + mean } ?? mean
  }

  /// What all workers found, each with images of its own.
  /// - Throws: `TorchError` where others do not answer.
  func summed(over workers: any Communicator) throws -> SelectionStatistics {
    let sums = try workers.sums([
      Double(images), selected, random, rejected, Double(rejectedCount), Double(leastOverlapping), Double(scored),
      selectedScores?.number ?? 0, meanScores?.number ?? 0,
    ])
    var all = self
    (all.images, all.selected, all.random) = (Int(sums[0]), sums[1], sums[2])
    (all.rejected, all.rejectedCount, all.leastOverlapping) = (sums[3], Int(sums[4]), Int(sums[5]))
    guard sums[6] > 0 else { return all }
    all.scored = Int(sums[6])
    (all.selectedScores, all.meanScores) = (Tensor([sums[7]]), Tensor([sums[8]]))
    return all
  }

  /// Mean intersection over union of the trained views.
  var selectedOverlap: Double { selected / Double(images) }
  /// The same for the first choice, which is a random one since views are independent draws.
  var randomOverlap: Double { random / Double(images) }
  /// The same for all choices not taken; nil when there was only one choice.
  var rejectedOverlap: Double? { rejectedCount == 0 ? nil : rejected / Double(rejectedCount) }
  /// Share of images whose chosen views overlap least; nil when there was only one choice.
  var leastOverlapShare: Double? { rejectedCount == 0 ? nil : Double(leastOverlapping) / Double(images) }
  /// Mean score of the trained views; nil when none were computed.
  var selectedScore: Double? { selectedScores.map { $0.number / Double(scored) } }
  /// The same of a random choice.
  var randomScore: Double? { meanScores.map { $0.number / Double(scored) } }

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
