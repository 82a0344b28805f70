import Statistics
import Testing

@testable import Importances

@Suite struct FunctionalANOVATests {
  /// The analysis of any function by its definition, summed over all combinations of points that weigh the same.
  private struct Exhaustive {
    var total = 0.0
    var main: [Double]
    var interactions: [[Double]]

    init(_ points: [[Double]], _ function: ([Double]) -> Double) {
      let combinations = points.reduce([[]]) { prefixes, values in
        prefixes.flatMap { prefix in values.indices.map { prefix + [$0] } }
      }
      let outputs = combinations.map { combination in
        function(combination.enumerated().map { points[$0.offset][$0.element] })
      }
      func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
      let center = mean(outputs)
      func marginal(_ columns: [Int]) -> [[Int]: Double] {
        Dictionary(grouping: combinations.indices) { index in columns.map { combinations[index][$0] } }
          .mapValues { indices in mean(indices.map { outputs[$0] }) - center }
      }
      let effects = points.indices.map { marginal([$0]) }
      total = mean(outputs.map { ($0 - center) * ($0 - center) })
      main = effects.map { effect in mean(effect.values.map { $0 * $0 }) }
      interactions = points.indices.map { first in
        points.indices.map { second in
          mean(
            marginal([first, second]).map { cell, value in
              let rest = value - effects[first][[cell[0]], default: 0] - effects[second][[cell[1]], default: 0]
              return rest * rest
            })
        }
      }
    }
  }

  private func expectEqual(
    _ analysis: FunctionalANOVA, _ trees: [RegressionTree], _ points: [[Double]],
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let truths = trees.map { tree in Exhaustive(points) { tree.predict($0) } }
    func expect(_ effect: FunctionalANOVA.Effect, _ fractions: [Double]) {
      let mean = fractions.reduce(0, +) / Double(fractions.count)
      let squares = fractions.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      #expect(abs(effect.fraction - mean) < 1e-12, "\(effect), \(fractions)", sourceLocation: sourceLocation)
      #expect(
        abs(effect.standardDeviation - (squares / Double(fractions.count - 1)).squareRoot()) < 1e-7,
        "\(effect), \(fractions)", sourceLocation: sourceLocation)
    }
    for (first, effect) in analysis.mainEffects.enumerated() {
      expect(effect, truths.map { $0.main[first] / $0.total })
      for second in 0..<first {
        expect(analysis.interaction(first, second), truths.map { $0.interactions[first][second] / $0.total })
      }
    }
  }

  /// Whole numbers from 0 to 8 put every threshold on a multiple of 1/2, between the points of a grid.
  @Test func uniformShareIsThatOfAGrid() {
    let count = 60
    func whole(_ seed: UInt64) -> [Double] { [0, 8] + uniform(count - 2, in: 0...8, seed: seed).map { $0.rounded() } }
    let table = QuantityTable([whole(1), whole(2), whole(3).map { $0 > 6 ? 1 : 0 }, Array(repeating: 5, count: count)])
    let noise = uniform(count, in: 0...4, seed: 4)
    let target = zip(table.target { x in x[0] + x[0] * x[1] / 4 + 3 * x[2] }, noise).map(+)
    let forest = RandomForest(
      table, target, RandomForest.Settings(trees: 4, tree: .init(minimumLeafSize: 2, columnShare: 0.8)))
    let grid = (0..<16).map { 0.25 + 0.5 * Double($0) }
    expectEqual(FunctionalANOVA(of: forest, measure: .uniform), forest.trees, [grid, grid, [0.25, 0.75], [5]])
  }

  @Test func empiricalShareIsThatOfAllCombinationsOfRows() {
    let skewed = uniform(20, in: 0...1, seed: 5).map { $0 * $0 * $0 * $0 }
    let table = QuantityTable([
      skewed, uniform(20, in: -5...5, seed: 6), uniform(20, in: 0...1, seed: 7).map { $0 > 0.8 ? 1 : 0 },
    ])
    let target = table.target { x in 5 * x[0] + x[1] * (x[0] + x[2]) }
    let forest = RandomForest(table, target, RandomForest.Settings(trees: 4, tree: .init(minimumLeafSize: 1)))
    expectEqual(FunctionalANOVA(of: forest, measure: .empirical), forest.trees, table.columns)
  }

  /// Pairs of random points that share one quantity: their covariance is the variance of its main effect.
  @Test func empiricalShareIsThatOfRandomRows() {
    let count = 500
    let table = QuantityTable([
      uniform(count, in: 0...1, seed: 8).map { $0 * $0 * $0 }, uniform(count, in: 0...1, seed: 9),
      uniform(count, in: 0...1, seed: 10).map { $0 > 0.9 ? 1 : 0 },
    ])
    let target = table.target { x in x[0] + x[1] / 2 + x[2] }
    let tree = RegressionTree(table, target, .init(columnShare: 1))
    let analysis = FunctionalANOVA(of: [tree], over: table, measure: .empirical)
    var generator = SplitMix64(seed: 11)
    func point() -> [Double] { table.columns.map { $0[Int.random(in: 0..<count, using: &generator)] } }
    for column in 0..<3 {
      let pairs = (0..<20_000).map { _ in
        let first = point()
        var second = point()
        second[column] = first[column]
        return (tree.predict(first), tree.predict(second))
      }
      let mean = pairs.reduce(0) { $0 + $1.0 + $1.1 } / Double(2 * pairs.count)
      let covariance = pairs.reduce(0) { $0 + ($1.0 - mean) * ($1.1 - mean) } / Double(pairs.count)
      let variance =
        pairs.reduce(0) { $0 + ($1.0 - mean) * ($1.0 - mean) + ($1.1 - mean) * ($1.1 - mean) } / Double(2 * pairs.count)
      #expect(abs(analysis.mainEffects[column].fraction - covariance / variance) < 0.03, "column \(column)")
    }
  }

  /// x + y / 2 + 3xy / 2 over −1...1 has the variances 1/3, 1/12 and 1/4; the other columns are noise.
  @Test(arguments: Measure.allCases)
  func fractionsOfAProductAreTheAnalyticOnes(measure: Measure) throws {
    let count = 2000
    let columns = (12...15).map { uniform(count, in: -1...1, seed: $0) }
    let table = QuantityTable(columns + [uniform(count, in: 0...1, seed: 16).map { $0.rounded() }])
    let target = table.target { x in x[0] + x[1] / 2 + 1.5 * x[0] * x[1] }
    let forest = RandomForest(table, target, .init(trees: 12, tree: .init(columnShare: 1)))
    #expect(try #require(forest.outOfBagR2) > 0.97)
    let analysis = FunctionalANOVA(of: forest, measure: measure)
    for (effect, fraction) in zip(analysis.mainEffects, [0.5, 0.125, 0, 0, 0]) {
      #expect(abs(effect.fraction - fraction) < (fraction > 0 ? 0.03 : 0.002), "\(effect)")
    }
    let interactions = analysis.interactions(among: [0, 1, 2, 4])
    #expect(
      interactions.map { $0.names } == [
        ["x1", "x2"], ["x1", "x3"], ["x2", "x3"], ["x1", "x5"], ["x2", "x5"], ["x3", "x5"],
      ])
    for (effect, fraction) in zip(interactions, [0.375, 0, 0, 0, 0, 0]) {
      #expect(abs(effect.fraction - fraction) < (fraction > 0 ? 0.03 : 0.005), "\(effect)")
    }
    #expect(analysis.strongestColumns(2) == [0, 1])
  }

  /// Of a rare event and a uniform quantity: p(1 − p) and 1/12 by the rows, 1/4 and 1/12 by the range.
  @Test(arguments: [(Measure.empirical, 0.0475), (.uniform, 0.25)])
  func rareEventsCountByTheMeasure(measure: Measure, variance: Double) {
    let event = (0..<2000).map { $0 % 20 == 0 ? 1.0 : 0 }
    let table = QuantityTable([event, uniform(2000, in: 0...1, seed: 17)])
    let forest = RandomForest(table, zip(event, table.columns[1]).map(+), .init(trees: 8, tree: .init(columnShare: 1)))
    let expected = variance / (variance + 1.0 / 12)
    let effects = FunctionalANOVA(of: forest, measure: measure).mainEffects
    #expect(abs(effects[0].fraction - expected) < 0.02, "\(effects)")
    #expect(abs(effects[1].fraction - (1 - expected)) < 0.02, "\(effects)")
  }

  @Test func constantColumnsAndTargetsHaveNoImportance() {
    let table = QuantityTable([uniform(100, in: 0...1, seed: 18), Array(repeating: 7, count: 100)])
    for measure in Measure.allCases {
      let analysis = FunctionalANOVA(of: RandomForest(table, table.columns[0], .init(trees: 4)), measure: measure)
      #expect(abs(analysis.mainEffects[0].fraction - 1) < 1e-12)
      #expect(analysis.mainEffects[1].fraction == 0 && analysis.mainEffects[1].standardDeviation == 0)
      #expect(analysis.interaction(0, 1).fraction == 0)
      let forest = RandomForest(table, Array(repeating: 0.1, count: 100), .init(trees: 4))
      let constant = FunctionalANOVA(of: forest, measure: measure)
      #expect(constant.mainEffects.map(\.fraction) == [0, 0])
      #expect(constant.interaction(0, 1).fraction == 0)
    }
  }

  @Test func treesWithoutVarianceDoNotCount() {
    let table = QuantityTable([uniform(100, in: 0...1, seed: 19), uniform(100, in: 0...1, seed: 20)])
    let trees = [
      RegressionTree(table, zip(table.columns[0], table.columns[1]).map(+)),
      RegressionTree(table, Array(repeating: 2, count: 100)),
    ]
    let both = FunctionalANOVA(of: trees, over: table)
    #expect(both.mainEffects == FunctionalANOVA(of: [trees[0]], over: table).mainEffects)
    #expect(both.mainEffects[0].fraction > 0.2)
  }

  /// Numbers whose range is too large for a number have the same shares.
  @Test(arguments: Measure.allCases)
  func unitsDoNotMatter(measure: Measure) {
    let columns = (21...23).map { uniform(100, in: -1...1, seed: $0) }
    let target = QuantityTable(columns).target { x in x[0] * (x[1] + 1) + x[2] }
    func effects(_ scale: Double, of targetScale: Double) -> [FunctionalANOVA.Effect] {
      let forest = RandomForest(
        QuantityTable(columns.map { $0.map { scale * $0 } }), target.map { targetScale * $0 }, .init(trees: 4))
      let analysis = FunctionalANOVA(of: forest, measure: measure)
      return analysis.mainEffects + analysis.interactions(among: [0, 1, 2])
    }
    for (effect, scaled) in zip(effects(1, of: 1), effects(1.7e308, of: 1e-3)) {
      #expect(abs(effect.fraction - scaled.fraction) < 1e-9)
    }
  }

  @Test func threadsAndOrderDoNotMatter() {
    let table = QuantityTable((24...27).map { uniform(200, in: 0...1, seed: $0) })
    let target = table.target { x in x[0] * x[1] + x[2] }
    let forest = RandomForest(table, target, .init(trees: 9))
    let analyses = [1, 4].map { FunctionalANOVA(of: forest, threads: $0) }
    #expect(analyses[0].mainEffects == analyses[1].mainEffects)
    #expect(analyses[0].interaction(0, 1) == analyses[1].interaction(1, 0))
    #expect(analyses[0].interaction(0, 1).fraction > 0.01)
  }
}
