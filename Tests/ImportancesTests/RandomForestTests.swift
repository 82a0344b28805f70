import Testing

@testable import Importances

@Suite struct RandomForestTests {
  private let table = QuantityTable((1...4).map { uniform(400, in: 0...1, seed: $0) })
  private var learnable: [Double] { table.target { x in 2 * x[0] + x[1] * x[2] } }
  private let noise = uniform(400, in: 0...1, seed: 5)

  private func forest(
    _ target: [Double], trees: Int = 24, minimumLeafSize: Int = 1, seed: UInt64 = 0, threads: Int? = 2
  ) -> RandomForest {
    RandomForest(
      table, target,
      RandomForest.Settings(trees: trees, tree: .init(minimumLeafSize: minimumLeafSize), seed: seed), threads: threads)
  }

  private func knows(_ row: Int, _ tree: RegressionTree) -> Bool {
    abs(tree.predict(table.row(row)) - noise[row]) < 1e-12
  }

  @Test func predictionsAreOutOfBag() throws {
    #expect(try #require(forest(learnable).outOfBagR2) > 0.9)
    // Had the trees seen the rows, they would know the noise.
    #expect(try #require(forest(noise).outOfBagR2) < 0.05)
  }

  /// A tree whose leaves are single rows knows the targets of the rows in its sample, and no others.
  @Test func outOfBagPredictionsAreThoseOfTreesWithoutTheRow() throws {
    let forest = forest(noise, trees: 6)
    var explained = (residual: 0.0, total: 0.0, rows: 0)
    let predicted = noise.indices.filter { forest.outOfBagPredictions[$0] != nil }
    let mean = predicted.reduce(0) { $0 + noise[$1] } / Double(predicted.count)
    for row in noise.indices {
      let predictions = forest.trees.filter { !knows(row, $0) }.map { $0.predict(table.row(row)) }
      guard let prediction = forest.outOfBagPredictions[row] else {
        #expect(predictions.isEmpty)
        continue
      }
      #expect(abs(prediction - predictions.reduce(0, +) / Double(predictions.count)) < 1e-12)
      explained.residual += (noise[row] - prediction) * (noise[row] - prediction)
      explained.total += (noise[row] - mean) * (noise[row] - mean)
      explained.rows += 1
    }
    #expect((300..<400).contains(explained.rows))
    #expect(abs(try #require(forest.outOfBagR2) - (1 - explained.residual / explained.total)) < 1e-12)
  }

  @Test func predictionsAreMeansOfTrees() {
    let forest = forest(noise, trees: 3)
    for row in 0..<20 {
      let predictions = forest.trees.map { $0.predict(table.row(row)) }
      #expect(abs(forest.predict(table.row(row)) - predictions.reduce(0, +) / 3) < 1e-12)
    }
    #expect(forest.trees[0] != forest.trees[1] && forest.trees[1] != forest.trees[2])
  }

  @Test func threadsDoNotMatter() {
    let reference = forest(learnable, threads: 1)
    for threads in [2, 5, 100] {
      let other = forest(learnable, threads: threads)
      #expect(other.trees == reference.trees)
      #expect(other.outOfBagPredictions == reference.outOfBagPredictions)
      #expect(other.outOfBagR2 == reference.outOfBagR2)
    }
  }

  /// Forests of neighboring seeds share no tree.
  @Test func seedsDecide() {
    let forests = (0..<4).map { forest(learnable, trees: 8, seed: $0) }
    #expect(forest(learnable, trees: 8, seed: 3).trees == forests[3].trees)
    let trees = forests.flatMap(\.trees)
    for (place, tree) in trees.enumerated() { #expect(!trees[..<place].contains(tree)) }
  }

  @Test func bootstrapSamplesHoldTwoThirdsOfTheRows() {
    let inBag = forest(noise, trees: 50).trees.reduce(0) { sum, tree in
      sum + noise.indices.count { knows($0, tree) }
    }
    // 1 − 1/e, with a standard error of 0.0016.
    #expect(abs(Double(inBag) / Double(50 * noise.count) - 0.632) < 0.008)
  }

  @Test func constantTargetsHaveNoR2() {
    let forest = forest(Array(repeating: 0.1, count: 400))
    #expect(forest.outOfBagR2 == nil)
    #expect(abs(forest.predict([0, 0, 0, 0]) - 0.1) < 1e-12)
    let single = RandomForest(QuantityTable([[1]]), [2])
    #expect(single.outOfBagR2 == nil && single.outOfBagPredictions == [nil] && single.predict([5]) == 2)
  }
}
