import Views

/// Splits positions so that every class gives the same share to the held-out part.
///
/// - Parameters:
///   - labels: A class for each position.
///   - share: The held-out share of each class, rounded to whole images; at least one when a class has two or more.
///   - seed: Decides which images of a class are held out.
/// - Returns: Both parts in rising order.
func heldOutSplit(labels: [Int], share: Double, seed: UInt64) -> (kept: [Int], heldOut: [Int]) {
  var positions: [Int: [Int]] = [:]
  for (position, label) in labels.enumerated() { positions[label, default: []].append(position) }
  var heldOut: Set<Int> = []
  for (label, members) in positions {
    var random = ViewRandom(seed: seed, epoch: 0, sample: label, view: 0, stream: 3)
    let count = members.count < 2 ? 0 : max(1, Int((Double(members.count) * share).rounded()))
    for index in random.permutation(of: members.count).prefix(count) { heldOut.insert(members[index]) }
  }
  return (labels.indices.filter { !heldOut.contains($0) }, heldOut.sorted())
}
