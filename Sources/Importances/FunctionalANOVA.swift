import Processors

/// Which quantities, and which pairs of them, explain the variance of what regression trees predict.
///
/// Functional analysis of variance of a random forest, by Hutter, Hoos and Leyton-Brown, "An Efficient Approach for
/// Assessing Hyperparameter Importance" (ICML 2014). Over the domain of the quantities, in which they vary independently
/// of each other, the variance of a tree is the sum of the variances of the main effect of each quantity, the interaction
/// of each pair, and the interactions of more quantities (algorithm 2).
///
/// Where quantities are correlated in the table, parts of the domain have no rows, and the trees extrapolate there.
public struct FunctionalANOVA: Sendable {
  /// What one quantity, or two together beyond what each does alone, contribute to the variance.
  public struct Effect: Codable, Sendable, Equatable {
    /// The columns, from the first to the last.
    public var columns: [Int]
    /// The names of the columns.
    public var names: [String]
    /// The fraction of a tree's variance, from 0 to 1: its mean over the trees.
    ///
    /// Trees whose predictions are all the same do not count; 0 where all trees are like that.
    public var fraction: Double
    /// The standard deviation of the fraction over the trees; 0 with fewer than two trees that count.
    public var standardDeviation: Double
  }

  /// The effect of each quantity alone, in the order of the columns.
  public let mainEffects: [Effect]

  private let names: [String]
  private let boxes: [LeafBoxes]
  private let threads: Int?

  /// The analysis of the trees of a forest, over the table from which it was grown.
  ///
  /// - Parameters:
  ///   - forest: The forest.
  ///   - measure: How much of the domain of a quantity an interval covers.
  ///   - threads: The most threads that work on it; nil for one per active core. Results do not depend on it.
  public init(of forest: RandomForest, measure: Measure = .empirical, threads: Int? = nil) {
    self.init(of: forest.trees, over: forest.table, measure: measure, threads: threads)
  }

  /// The analysis of trees over the domain of a table.
  ///
  /// - Parameters:
  ///   - trees: Trees, each grown from rows of the table.
  ///   - table: The table whose quantities have the domain.
  ///   - measure: How much of the domain of a quantity an interval covers.
  ///   - threads: The most threads that work on it; nil for one per active core. Results do not depend on it.
  public init(of trees: [RegressionTree], over table: QuantityTable, measure: Measure = .empirical, threads: Int? = nil)
  {
    precondition(trees.allSatisfy { $0.columnCount == table.columnCount }, "trees need the columns of the table")
    let domain = Domain(of: table, measure: measure)
    let boxes = concurrentMap(count: trees.count, threads: threads) { LeafBoxes(trees[$0], over: domain) }
      .filter { $0.variance > 0 }
    let names = table.names
    mainEffects = names.indices.map { column in
      Effect(columns: [column], names: [names[column]], fractions: boxes.map { $0.mainVariance(column) / $0.variance })
    }
    self.names = names
    self.boxes = boxes
    self.threads = threads
  }

  /// What two quantities do together beyond their main effects; the same in either order.
  ///
  /// - Parameters:
  ///   - first: A column.
  ///   - second: Another column.
  public func interaction(_ first: Int, _ second: Int) -> Effect {
    precondition(first != second, "an interaction needs two columns")
    precondition(names.indices.contains(first) && names.indices.contains(second), "there is no such column")
    let columns = [first, second].sorted()
    let fractions = concurrentMap(count: boxes.count, threads: threads) { tree in
      boxes[tree].interactionVariance(columns[0], columns[1]) / boxes[tree].variance
    }
    return Effect(columns: columns, names: columns.map { names[$0] }, fractions: fractions)
  }

  /// The interactions of all pairs of some columns.
  ///
  /// - Parameter columns: Different columns.
  public func interactions(among columns: [Int]) -> [Effect] {
    columns.indices.flatMap { place in columns[..<place].map { interaction($0, columns[place]) } }
  }

  /// The columns with the largest main effects, from the largest down; of equal ones the first column comes first.
  ///
  /// - Parameter count: The most columns.
  public func strongestColumns(_ count: Int) -> [Int] {
    let sorted = mainEffects.indices.sorted {
      (mainEffects[$1].fraction, $0) < (mainEffects[$0].fraction, $1)
    }
    return Array(sorted.prefix(count))
  }
}

extension FunctionalANOVA.Effect {
  fileprivate init(columns: [Int], names: [String], fractions: [Double]) {
    let count = Double(fractions.count)
    let mean = fractions.isEmpty ? 0 : fractions.reduce(0, +) / count
    let squares = fractions.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    self.init(
      columns: columns, names: names, fraction: mean,
      standardDeviation: fractions.count > 1 ? (squares / (count - 1)).squareRoot() : 0)
  }
}
