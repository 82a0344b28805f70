/// The variance of one tree over a domain, and the shares of its quantities in it.
///
/// The leaves of the tree are boxes that tile the domain, so every marginal is constant within the cells between the
/// split points of its quantities, and exact (Hutter, Hoos and Leyton-Brown 2014, algorithm 2).
struct LeafBoxes: Sendable {
  /// The leaves along one column.
  private struct Axis {
    /// The shares of the domain in the cells between the split points.
    var cells: [Double]
    /// The first cell of each leaf.
    var lower: [Int32] = []
    /// The cell after the last of each leaf.
    var upper: [Int32] = []
    /// The share of the domain that each leaf covers.
    var coverage: [Double] = []
  }

  /// The axes of the columns that are split.
  private var axes: [Int: Axis]
  /// What each leaf predicts, less the mean prediction of the domain.
  private var deviations: [Double]
  /// The main effect in each cell of the columns that are split: the mean prediction there, less that of the domain.
  private var effects: [Int: [Double]] = [:]
  /// The variance of the prediction over the domain, in the square of the target's unit.
  private(set) var variance = 0.0

  init(_ tree: RegressionTree, over domain: Domain) {
    (axes, deviations) = Self.boxes(of: tree, over: domain)
    let coverage = coverage()
    let mean = zip(deviations, coverage).reduce(0) { $0 + $1.0 * $1.1 }
    for leaf in deviations.indices {
      deviations[leaf] -= mean
      variance += coverage[leaf] * deviations[leaf] * deviations[leaf]
    }
    effects = Dictionary(uniqueKeysWithValues: axes.map { ($0, effect(of: $0, $1)) })
  }

  /// The variance of the main effect of a column.
  func mainVariance(_ column: Int) -> Double {
    guard let axis = axes[column], let effect = effects[column] else { return 0 }
    return zip(axis.cells, effect).reduce(0) { $0 + $1.0 * $1.1 * $1.1 }
  }

  /// The variance of the interaction of two columns, beyond their main effects.
  ///
  /// The cells of the first column are visited one after the other, with the leaves that open and close there.
  func interactionVariance(_ first: Int, _ second: Int) -> Double {
    guard let rows = axes[first], let columns = axes[second], let rowEffect = effects[first],
      let columnEffect = effects[second]
    else { return 0 }
    let coverage = coverage(without: [first, second])
    // What the marginal changes by at each cell of the second column.
    var steps = [Double](repeating: 0, count: columns.cells.count + 1)
    func add(_ leaf: Int, sign: Double) {
      let part = sign * coverage[leaf] * deviations[leaf]
      steps[Int(columns.lower[leaf])] += part
      steps[Int(columns.upper[leaf])] -= part
    }
    var opening = deviations.indices.sorted { rows.lower[$0] < rows.lower[$1] }[...]
    var closing = deviations.indices.sorted { rows.upper[$0] < rows.upper[$1] }[...]
    var variance = 0.0
    for (row, share) in rows.cells.enumerated() {
      while let leaf = closing.first, rows.upper[leaf] == row { add(closing.removeFirst(), sign: -1) }
      while let leaf = opening.first, rows.lower[leaf] == row { add(opening.removeFirst(), sign: 1) }
      var (marginal, squares) = (-rowEffect[row], 0.0)
      for column in columns.cells.indices {
        marginal += steps[column]
        let interaction = marginal - columnEffect[column]
        squares += columns.cells[column] * interaction * interaction
      }
      variance += share * squares
    }
    return variance
  }

  /// The share of the domain that each leaf covers, apart from some columns.
  private func coverage(without excluded: Set<Int> = []) -> [Double] {
    var products = [Double](repeating: 1, count: deviations.count)
    for (column, axis) in axes.sorted(by: { $0.key < $1.key }) where !excluded.contains(column) {
      for leaf in products.indices { products[leaf] *= axis.coverage[leaf] }
    }
    return products
  }

  private func effect(of column: Int, _ axis: Axis) -> [Double] {
    let coverage = coverage(without: [column])
    var steps = [Double](repeating: 0, count: axis.cells.count + 1)
    for leaf in deviations.indices {
      steps[Int(axis.lower[leaf])] += coverage[leaf] * deviations[leaf]
      steps[Int(axis.upper[leaf])] -= coverage[leaf] * deviations[leaf]
    }
    var marginal = 0.0
    return axis.cells.indices.map { cell in
      marginal += steps[cell]
      return marginal
    }
  }

  /// The leaves along every column that is split, and what they predict.
  private static func boxes(of tree: RegressionTree, over domain: Domain) -> (axes: [Int: Axis], values: [Double]) {
    let splits = Dictionary(grouping: tree.nodes.filter { !$0.isLeaf }, by: { Int($0.column) })
    let columns = splits.keys.sorted()
    let places = Dictionary(uniqueKeysWithValues: columns.enumerated().map { ($1, $0) })
    let thresholds = columns.map { Set(splits[$0, default: []].map(\.threshold)).sorted() }
    let cumulative = zip(columns, thresholds).map { column, thresholds in
      [0] + thresholds.map { domain.share(ofColumn: column, upTo: $0) } + [1]
    }
    var axes = cumulative.map { shares in Axis(cells: zip(shares, shares.dropFirst()).map { $1 - $0 }) }
    var values: [Double] = []
    var pending = [(node: 0, box: axes.map { 0..<$0.cells.count })]
    while let (index, box) = pending.popLast() {
      let node = tree.nodes[index]
      if let place = places[Int(node.column)] {
        let boundary = thresholds[place].partitioningIndex { $0 >= node.threshold } + 1
        var (left, right) = (box, box)
        left[place] = box[place].lowerBound..<boundary
        right[place] = boundary..<box[place].upperBound
        pending.append((Int(node.right), right))
        pending.append((index + 1, left))
      } else {
        values.append(node.value)
        for place in axes.indices {
          axes[place].lower.append(Int32(box[place].lowerBound))
          axes[place].upper.append(Int32(box[place].upperBound))
          axes[place].coverage.append(
            cumulative[place][box[place].upperBound] - cumulative[place][box[place].lowerBound])
        }
      }
    }
    return (Dictionary(uniqueKeysWithValues: zip(columns, axes)), values)
  }
}
