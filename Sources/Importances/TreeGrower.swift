import Statistics

/// Grows a regression tree from columns that are sorted once: the rows of a node have the same places in the order of
/// every column, and a split divides each order stably.
struct TreeGrower {
  /// Rows of the table, by their places in the orders.
  private typealias Places = Range<Int>

  private struct Branch {
    var places: Places
    var depth: Int
    /// The node whose right child the branch starts with; nil for a left child and for the root.
    var rightOf: Int?
  }

  private struct Split {
    var column: Int
    var threshold: Double
    /// The first place that goes right.
    var middle: Int
    /// How much the split lowers the sum of squared deviations.
    var gain: Double
  }

  /// The smallest gain, in relation to the sum of squared deviations, that is not taken for rounding.
  private static let smallestGain = 1e-12

  private let table: QuantityTable
  private let settings: RegressionTree.Settings
  private let target: [Double]
  private let weights: [Double]
  private let columnsPerSplit: Int

  /// The rows from the smallest value to the largest, column after column.
  private var orders: [Int32]
  private let rowCount: Int
  /// The columns, in the order in which they were last drawn.
  private var drawnColumns: [Int]
  private var goesLeft: [Bool]
  private var rightRows: [Int32]
  private var generator: SplitMix64
  private var nodes: [RegressionTree.Node] = []

  init(
    _ table: QuantityTable, _ sortedRows: [[Int32]], _ target: [Double], _ weights: [Double],
    _ settings: RegressionTree.Settings, _ generator: SplitMix64
  ) {
    precondition(settings.minimumLeafSize >= 1, "a leaf needs a row")
    precondition(settings.maximumDepth >= 0, "the depth of a tree must not be negative")
    precondition(settings.columnShare > 0 && settings.columnShare <= 1, "the share of columns must be above 0, up to 1")
    self.table = table
    self.settings = settings
    self.target = target
    self.weights = weights
    self.generator = generator
    columnsPerSplit = max(1, Int((settings.columnShare * Double(table.columnCount)).rounded()))
    orders = sortedRows.flatMap { rows in rows.filter { weights[Int($0)] > 0 } }
    rowCount = orders.count / table.columnCount
    drawnColumns = Array(0..<table.columnCount)
    goesLeft = Array(repeating: false, count: table.rowCount)
    rightRows = Array(repeating: 0, count: rowCount)
  }

  /// The nodes of the tree.
  mutating func grow() -> [RegressionTree.Node] {
    var pending = [Branch(places: 0..<rowCount, depth: 0, rightOf: nil)]
    while let branch = pending.popLast() {
      let index = nodes.count
      if let parent = branch.rightOf { nodes[parent].right = Int32(index) }
      let mean = mean(branch.places)
      nodes.append(RegressionTree.Node(value: mean))
      guard branch.depth < settings.maximumDepth, let split = bestSplit(branch.places, mean: mean) else { continue }
      nodes[index].column = Int32(split.column)
      nodes[index].threshold = split.threshold
      divide(branch.places, by: split)
      let (left, right) = (branch.places.lowerBound..<split.middle, split.middle..<branch.places.upperBound)
      pending.append(Branch(places: right, depth: branch.depth + 1, rightOf: index))
      pending.append(Branch(places: left, depth: branch.depth + 1, rightOf: nil))
    }
    return nodes
  }

  private func mean(_ places: Places) -> Double {
    var (weight, sum) = (0.0, 0.0)
    for place in places {
      let row = Int(orders[place])
      weight += weights[row]
      sum += weights[row] * target[row]
    }
    return sum / weight
  }

  /// The best split that leaves enough rows on both sides; nil where there is none, or the targets are all the same.
  private mutating func bestSplit(_ places: Places, mean: Double) -> Split? {
    let first = target[Int(orders[places.lowerBound])]
    guard
      places.count >= 2 * settings.minimumLeafSize, places.contains(where: { target[Int(orders[$0])] != first })
    else { return nil }
    var (weight, squares) = (0.0, 0.0)
    for place in places {
      let row = Int(orders[place])
      let deviation = target[row] - mean
      weight += weights[row]
      squares += weights[row] * deviation * deviation
    }
    var best: Split?
    var tried = 0
    for draw in drawnColumns.indices where best == nil || tried < columnsPerSplit {
      drawnColumns.swapAt(draw, Int.random(in: draw..<drawnColumns.count, using: &generator))
      let column = drawnColumns[draw]
      let start = column * rowCount
      let values = table.columns[column]
      guard
        values[Int(orders[start + places.lowerBound])] < values[Int(orders[start + places.upperBound - 1])]
      else { continue }
      tried += 1
      let needed = best?.gain ?? Self.smallestGain * squares
      if let split = bestSplit(column, places, mean: mean, weight: weight, above: needed) { best = split }
    }
    return best
  }

  /// The best split of one column; nil where none gains more than `needed`.
  private func bestSplit(
    _ column: Int, _ places: Places, mean: Double, weight: Double, above needed: Double
  ) -> Split? {
    let start = column * rowCount
    let values = table.columns[column]
    var (best, bestPlace): (Double, Int?) = (needed, nil)
    var (leftWeight, leftSum) = (0.0, 0.0)
    let first = places.lowerBound + settings.minimumLeafSize - 1
    var row = Int(orders[start + places.lowerBound])
    for place in places.lowerBound..<(places.upperBound - settings.minimumLeafSize) {
      leftWeight += weights[row]
      leftSum += weights[row] * (target[row] - mean)
      let next = Int(orders[start + place + 1])
      if place >= first, values[row] < values[next] {
        // The deviations from the mean on the right add up to minus those on the left.
        let gain = leftSum * leftSum * weight / (leftWeight * (weight - leftWeight))
        if gain > best { (best, bestPlace) = (gain, place) }
      }
      row = next
    }
    return bestPlace.map { place in
      let below = values[Int(orders[start + place])]
      let above = values[Int(orders[start + place + 1])]
      let middle = below / 2 + above / 2
      return Split(
        column: column, threshold: middle >= below && middle < above ? middle : below, middle: place + 1, gain: best)
    }
  }

  /// Moves the rows that go left to the first places of every order.
  private mutating func divide(_ places: Places, by split: Split) {
    let splitStart = split.column * rowCount
    for place in places { goesLeft[Int(orders[splitStart + place])] = place < split.middle }
    for column in 0..<table.columnCount where column != split.column {
      let start = column * rowCount
      var left = start + places.lowerBound
      var rightCount = 0
      for place in (start + places.lowerBound)..<(start + places.upperBound) {
        let row = orders[place]
        if goesLeft[Int(row)] {
          orders[left] = row
          left += 1
        } else {
          rightRows[rightCount] = row
          rightCount += 1
        }
      }
      for place in 0..<rightCount { orders[left + place] = rightRows[place] }
    }
  }
}
