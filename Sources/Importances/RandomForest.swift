import Processors
import Statistics

/// Regression trees that are each grown from their own bootstrap sample of the rows, and predict their mean (Breiman
/// 2001).
public struct RandomForest: Sendable {
  /// How a forest is grown.
  public struct Settings: Codable, Sendable, Equatable {
    /// Trees, at least 1.
    public var trees: Int
    /// What limits the growth of each tree.
    public var tree: RegressionTree.Settings
    /// Decides the bootstrap samples and the columns that are drawn.
    public var seed: UInt64

    /// Settings, by default of 64 trees.
    ///
    /// - Parameters:
    ///   - trees: How many trees.
    ///   - tree: What limits the growth of each tree.
    ///   - seed: Decides the bootstrap samples and the columns that are drawn.
    public init(trees: Int = 64, tree: RegressionTree.Settings = .init(), seed: UInt64 = 0) {
      self.trees = trees
      self.tree = tree
      self.seed = seed
    }
  }

  /// The table from which the trees were grown.
  public let table: QuantityTable
  /// The trees.
  public let trees: [RegressionTree]
  /// For each row the mean prediction of the trees whose bootstrap samples lack it; nil where every sample has it.
  public let outOfBagPredictions: [Double?]
  /// The share of the target's variance that the out-of-bag predictions explain: at most 1, and below 0 where they are
  /// worse than the mean target.
  ///
  /// Of the rows with a prediction; nil where these all have the same target.
  public let outOfBagR2: Double?

  /// Grows a forest; the same one for any number of threads.
  ///
  /// - Parameters:
  ///   - table: The quantities.
  ///   - target: The number to predict for each row, finite.
  ///   - settings: How the forest is grown.
  ///   - threads: The most threads that grow trees; nil for one per active core.
  public init(_ table: QuantityTable, _ target: [Double], _ settings: Settings = Settings(), threads: Int? = nil) {
    checkTarget(target, of: table)
    precondition(settings.trees >= 1, "a forest needs a tree")
    let sortedRows = table.sortedRows()
    let grown = concurrentMap(count: settings.trees, threads: threads) { number in
      var generator = SplitMix64(seed: settings.seed, stream: UInt64(number))
      let weights = Self.drawRows(table.rowCount, using: &generator)
      let tree = RegressionTree(
        table, sortedRows: sortedRows, target, weights: weights, settings.tree, generator: generator)
      return (tree: tree, weights: weights)
    }
    self.table = table
    trees = grown.map(\.tree)
    outOfBagPredictions = (0..<table.rowCount).map { row in
      let absent = grown.lazy.filter { $0.weights[row] == 0 }.map { $0.tree.predict { table.columns[$0][row] } }
      let (count, sum) = absent.reduce((0, 0.0)) { ($0.0 + 1, $0.1 + $1) }
      return count > 0 ? sum / Double(count) : nil
    }
    outOfBagR2 = Self.r2(of: outOfBagPredictions, target)
  }

  /// The target that is expected of an observation: the mean of the trees' predictions.
  ///
  /// - Parameter quantities: The value of each column.
  public func predict(_ quantities: [Double]) -> Double {
    trees.reduce(0) { $0 + $1.predict(quantities) } / Double(trees.count)
  }

  /// How often each row is in a bootstrap sample.
  private static func drawRows(_ count: Int, using generator: inout SplitMix64) -> [Double] {
    var draws = [Double](repeating: 0, count: count)
    for _ in 0..<count { draws[Int.random(in: 0..<count, using: &generator)] += 1 }
    return draws
  }

  /// The coefficient of determination of the predictions that there are.
  private static func r2(of predictions: [Double?], _ target: [Double]) -> Double? {
    let pairs = zip(target, predictions).compactMap { target, prediction in prediction.map { (target, $0) } }
    guard let first = pairs.first, pairs.contains(where: { $0.0 != first.0 }) else { return nil }
    let mean = pairs.reduce(0) { $0 + $1.0 } / Double(pairs.count)
    let (residual, total) = pairs.reduce((0.0, 0.0)) { sums, pair in
      let (error, deviation) = (pair.0 - pair.1, pair.0 - mean)
      return (sums.0 + error * error, sums.1 + deviation * deviation)
    }
    return 1 - residual / total
  }
}
