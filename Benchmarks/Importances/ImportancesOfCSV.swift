import Foundation
import Importances

/// Prints the importances of a CSV file's columns for its last column as JSON.
@main struct ImportancesOfCSV {
  struct Report: Encodable {
    var names: [String]
    var mainEffects: [FunctionalANOVA.Effect]
    var interactions: [FunctionalANOVA.Effect]
    var r2: Double?
    var seconds: [String: Double]
  }

  static let usage = """
    usage: importances-of-csv FILE.csv [OPTION=VALUE]...
      FILE.csv             a line of names, then a line of numbers for each row; the last column is the target
      measure=empirical    or uniform
      trees=64             0: one tree of all rows instead of a forest
      leaf=5               the fewest rows of a leaf
      depth=64             the most splits above a leaf
      columns=0.7          the share of the columns that are drawn for a split
      pairs=5              the columns with the largest main effects, of which all pairs are reported
      seed=0
      threads=N            one per core
    """

  static func main() throws {
    let arguments = CommandLine.arguments.dropFirst()
    guard let file = arguments.first else { fail(usage) }
    var options = arguments.dropFirst().reduce(into: [String: String]()) { options, argument in
      let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2 else { fail(usage) }
      options[parts[0]] = parts[1]
    }
    func option<Value: LosslessStringConvertible>(_ name: String, default value: Value) -> Value {
      guard let text = options.removeValue(forKey: name) else { return value }
      guard let value = Value(text) else { fail(usage) }
      return value
    }
    guard let measure = Measure(rawValue: option("measure", default: "empirical")) else { fail(usage) }
    let tree = RegressionTree.Settings(
      minimumLeafSize: option("leaf", default: 5), maximumDepth: option("depth", default: 64),
      columnShare: option("columns", default: 0.7))
    let settings = RandomForest.Settings(
      trees: option("trees", default: 64), tree: tree, seed: option("seed", default: 0))
    let pairs = option("pairs", default: 5)
    let threads = option("threads", default: ProcessInfo.processInfo.activeProcessorCount)
    guard options.isEmpty else { fail(usage) }

    let (table, target) = try read(file)
    let clock = ContinuousClock()
    let start = clock.now
    let forest = settings.trees > 0 ? RandomForest(table, target, settings, threads: threads) : nil
    let trees = forest?.trees ?? [RegressionTree(table, target, tree, seed: settings.seed)]
    let grown = clock.now
    let analysis = FunctionalANOVA(of: trees, over: table, measure: measure, threads: threads)
    let interactions = analysis.interactions(among: analysis.strongestColumns(pairs))
    let report = Report(
      names: table.names, mainEffects: analysis.mainEffects, interactions: interactions, r2: forest?.outOfBagR2,
      seconds: ["growing": (grown - start) / .seconds(1), "analysis": (clock.now - grown) / .seconds(1)])
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    print(String(decoding: try encoder.encode(report), as: UTF8.self))
  }

  static func read(_ file: String) throws -> (table: QuantityTable, target: [Double]) {
    let lines = try String(contentsOfFile: file, encoding: .utf8).split(whereSeparator: \.isNewline)
    guard let names = lines.first?.split(separator: ",").map(String.init), names.count > 1 else {
      fail("\(file): no line with two names")
    }
    var columns = [[Double]](repeating: [], count: names.count)
    for line in lines.dropFirst() {
      let values = line.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) ?? .nan }
      guard values.count == names.count, values.allSatisfy(\.isFinite) else {
        fail("\(file): not \(names.count) numbers: \(line)")
      }
      for (column, value) in values.enumerated() { columns[column].append(value) }
    }
    let target = columns.removeLast()
    guard !target.isEmpty else { fail("\(file): no rows") }
    return (QuantityTable(names: names.dropLast(), columns: columns), target)
  }

  static func fail(_ message: String) -> Never {
    FileHandle.standardError.write(Data((message + "\n").utf8))
    exit(2)
  }
}
