import Statistics

/// A binary tree that predicts a number (CART; Breiman, Friedman, Olshen and Stone 1984).
///
/// Each split is the one that lowers the sum of squared deviations most, among the columns that are drawn for it. The
/// leaves are boxes that tile the space of the quantities; each predicts the mean target of its rows.
public struct RegressionTree: Sendable, Equatable {
  /// What limits the growth of a tree.
  public struct Settings: Codable, Sendable, Equatable {
    /// The fewest rows of a leaf, at least 1; a row that was drawn several times counts once.
    public var minimumLeafSize: Int
    /// The most splits between the root and a leaf, at least 0.
    public var maximumDepth: Int
    /// The share of the columns that are drawn for a split, above 0 and at most 1; rounded, but at least one column.
    ///
    /// Columns that are constant in a node do not count, and more columns are drawn while none can be split.
    public var columnShare: Double

    /// Settings, by default with the depth and share of columns of the functional ANOVA's authors (`automl/fanova`).
    ///
    /// - Parameters:
    ///   - minimumLeafSize: The fewest rows of a leaf.
    ///   - maximumDepth: The most splits between the root and a leaf.
    ///   - columnShare: The share of the columns that are drawn for a split.
    public init(minimumLeafSize: Int = 5, maximumDepth: Int = 64, columnShare: Double = 0.7) {
      self.minimumLeafSize = minimumLeafSize
      self.maximumDepth = maximumDepth
      self.columnShare = columnShare
    }
  }

  /// A leaf or a split, whose left child is the next node.
  struct Node: Sendable, Equatable {
    /// The column that is split; -1 for a leaf.
    var column: Int32 = -1
    /// The place of the right child among the nodes.
    var right: Int32 = 0
    /// The largest value that goes left.
    var threshold = 0.0
    /// The mean target of the node's rows.
    var value: Double

    var isLeaf: Bool { column < 0 }
  }

  /// The root, followed by the nodes of its left branch and then of its right one, and so on within them.
  let nodes: [Node]
  /// Columns of the table from which the tree was grown.
  public let columnCount: Int

  /// Grows a tree from all rows of a table.
  ///
  /// - Parameters:
  ///   - table: The quantities.
  ///   - target: The number to predict for each row, finite.
  ///   - settings: What limits the growth.
  ///   - seed: Decides the columns that are drawn, and with them which of several equally good splits is taken.
  public init(_ table: QuantityTable, _ target: [Double], _ settings: Settings = Settings(), seed: UInt64 = 0) {
    checkTarget(target, of: table)
    let weights = [Double](repeating: 1, count: table.rowCount)
    self.init(
      table, sortedRows: table.sortedRows(), target, weights: weights, settings,
      generator: SplitMix64(seed: seed))
  }

  /// Grows a tree from the rows with a weight above 0.
  init(
    _ table: QuantityTable, sortedRows: [[Int32]], _ target: [Double], weights: [Double], _ settings: Settings,
    generator: SplitMix64
  ) {
    var grower = TreeGrower(table, sortedRows, target, weights, settings, generator)
    nodes = grower.grow()
    columnCount = table.columnCount
  }

  /// Leaves.
  public var leafCount: Int { nodes.count { $0.isLeaf } }

  /// The target that is expected of an observation.
  ///
  /// - Parameter quantities: The value of each column.
  public func predict(_ quantities: [Double]) -> Double {
    precondition(quantities.count == columnCount, "a prediction needs a value for each column")
    return predict { quantities[$0] }
  }

  /// The target that is expected where a function gives the value of each column.
  func predict(_ value: (Int) -> Double) -> Double {
    var index = 0
    while !nodes[index].isLeaf {
      let node = nodes[index]
      index = value(Int(node.column)) <= node.threshold ? index + 1 : Int(node.right)
    }
    return nodes[index].value
  }
}

func checkTarget(_ target: [Double], of table: QuantityTable) {
  precondition(target.count == table.rowCount, "every row needs a target")
  precondition(target.allSatisfy(\.isFinite), "targets must be finite")
}
