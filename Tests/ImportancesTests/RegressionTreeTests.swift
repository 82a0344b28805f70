import Statistics
import Testing

@testable import Importances

@Suite struct RegressionTreeTests {
  /// Trees that try every split, one by one.
  private struct ExhaustiveTree {
    var table: QuantityTable
    var target: [Double]
    var weights: [Double]
    var minimumLeafSize: Int

    func mean(_ rows: [Int]) -> Double {
      rows.reduce(0) { $0 + weights[$1] * target[$1] } / rows.reduce(0) { $0 + weights[$1] }
    }

    func squares(_ rows: [Int]) -> Double {
      let mean = mean(rows)
      return rows.reduce(0) { $0 + weights[$1] * (target[$1] - mean) * (target[$1] - mean) }
    }

    /// What the tree predicts for each of its rows.
    func predictions(_ rows: [Int], depth: Int) -> [Int: Double] {
      var best: (squares: Double, sides: [[Int]]) = (squares(rows), [])
      for values in depth > 0 ? table.columns : [] {
        for threshold in Set(rows.map { values[$0] }) {
          let sides = [rows.filter { values[$0] <= threshold }, rows.filter { values[$0] > threshold }]
          guard sides.allSatisfy({ $0.count >= minimumLeafSize }) else { continue }
          let squares = sides.map(squares).reduce(0, +)
          if squares < best.squares { best = (squares, sides) }
        }
      }
      return best.sides.reduce(into: best.sides.isEmpty ? rows.reduce(into: [:]) { $0[$1] = mean(rows) } : [:]) {
        $0.merge(predictions($1, depth: depth - 1)) { first, _ in first }
      }
    }
  }

  @Test(arguments: [(1, 64), (4, 64), (1, 3), (7, 2), (1, 0)])
  func everySplitIsTheBest(minimumLeafSize: Int, maximumDepth: Int) {
    let count = 80
    let table = QuantityTable([
      uniform(count, in: 0...1, seed: 1),
      // With ties.
      uniform(count, in: 0...6, seed: 2).map { $0.rounded() },
      uniform(count, in: 0...1, seed: 3).map { $0.rounded() },
      Array(repeating: 3, count: count),
    ])
    let noise = uniform(count, in: -0.2...0.2, seed: 4)
    let target = zip(table.target { x in x[0] * x[1] + x[2] + 1000 }, noise).map(+)
    // Rows that are left out, and rows that count several times.
    let weights = uniform(count, in: -0.5...3.5, seed: 5).map { $0.rounded() }
    let settings = RegressionTree.Settings(
      minimumLeafSize: minimumLeafSize, maximumDepth: maximumDepth, columnShare: 1)
    let tree = RegressionTree(
      table, sortedRows: table.sortedRows(), target, weights: weights, settings, generator: SplitMix64(seed: 6))
    let rows = (0..<count).filter { weights[$0] > 0 }
    let expected = ExhaustiveTree(table: table, target: target, weights: weights, minimumLeafSize: minimumLeafSize)
      .predictions(rows, depth: maximumDepth)
    #expect(rows.count < count && expected.count == rows.count)
    for (row, prediction) in expected {
      #expect(abs(tree.predict(table.row(row)) - prediction) < 1e-9, "row \(row)")
    }
    #expect(tree.leafCount == Set(expected.values).count)
  }

  @Test func thresholdsLieBetweenNeighbors() {
    let settings = RegressionTree.Settings(minimumLeafSize: 1, columnShare: 1)
    let tree = RegressionTree(QuantityTable([[1, 2, 4, 8]]), [0, 0, 6, 6], settings)
    #expect([3, 3.001].map { tree.predict([$0]) } == [0, 6])
    // No number lies between neighbors, whose rounded mean is the smaller one or the larger one.
    let numbers = [1, Double(1).nextUp, Double(1).nextUp.nextUp]
    for adjacent in [numbers.dropLast(), numbers.dropFirst()] {
      let table = QuantityTable([Array(adjacent)])
      let tree = RegressionTree(table, [0, 6], settings)
      #expect(adjacent.map { tree.predict([$0]) } == [0, 6])
      #expect(FunctionalANOVA(of: [tree], over: table, measure: .empirical).mainEffects[0].fraction == 1)
    }
  }

  /// The best split would part a single row from the others.
  @Test(arguments: [0, 9])
  func leavesHaveEnoughRows(outlier: Int) {
    let table = QuantityTable([(0..<10).map(Double.init)])
    let target = (0..<10).map { $0 == outlier ? 1.0 : 0 }
    let tree = RegressionTree(table, target, RegressionTree.Settings(minimumLeafSize: 3, columnShare: 1))
    #expect(tree.leafCount == 2)
    let counts = (0..<10).count { tree.predict([Double($0)]) == 1.0 / 3 }
    #expect(counts == 3 && tree.predict([Double(outlier)]) == 1.0 / 3)
  }

  /// Of four columns with the same merit, a share of 0.3 leaves one to a split; all are drawn in turn.
  @Test func columnsAreDrawnForEachSplit() {
    let values = uniform(50, in: 0...1, seed: 7)
    let table = QuantityTable([values, values, values, values])
    let roots = Set(
      (0..<40).map { seed in
        RegressionTree(table, values, RegressionTree.Settings(columnShare: 0.3), seed: seed).nodes[0].column
      })
    #expect(roots == [0, 1, 2, 3])
    // A weak column only comes first where it is drawn alone.
    let weak = QuantityTable([uniform(50, in: 0...1, seed: 8), values])
    func weakRoots(columnShare: Double) -> Int {
      (0..<40).count { seed in
        RegressionTree(weak, values, RegressionTree.Settings(columnShare: columnShare), seed: seed).nodes[0].column == 0
      }
    }
    #expect((10...30).contains(weakRoots(columnShare: 0.5)))
    #expect(weakRoots(columnShare: 1) == 0)
  }

  /// A sum of equal numbers that are no binary fractions must not look like a gain.
  @Test func constantTargetsAreNotSplit() {
    let tree = RegressionTree(
      QuantityTable([uniform(99, in: 0...1, seed: 9)]), Array(repeating: 0.1, count: 99),
      RegressionTree.Settings(minimumLeafSize: 1))
    #expect(tree.leafCount == 1)
    #expect(abs(tree.predict([0.5]) - 0.1) < 1e-15)
  }

  @Test func mistakesAreRefused() async {
    await #expect(processExitsWith: .failure) { _ = QuantityTable(names: ["x"], columns: [[1, .nan]]) }
    await #expect(processExitsWith: .failure) { _ = QuantityTable(names: ["x"], columns: [[1, .infinity]]) }
    await #expect(processExitsWith: .failure) { _ = QuantityTable(names: ["x", "x"], columns: [[1], [2]]) }
    await #expect(processExitsWith: .failure) { _ = QuantityTable(names: ["x", "y"], columns: [[1], [2, 3]]) }
    await #expect(processExitsWith: .failure) { _ = QuantityTable(names: ["x"], columns: [[1], [2]]) }
    await #expect(processExitsWith: .failure) {
      _ = RandomForest(QuantityTable(names: ["x"], columns: [[1, 2]]), [1, .nan])
    }
    await #expect(processExitsWith: .failure) {
      _ = RandomForest(QuantityTable(names: ["x"], columns: [[1, 2]]), [1])
    }
  }
}
