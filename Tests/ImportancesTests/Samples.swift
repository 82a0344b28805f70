import Statistics

@testable import Importances

/// Independent values that are uniform in a range.
func uniform(_ count: Int, in range: ClosedRange<Double>, seed: UInt64) -> [Double] {
  var generator = SplitMix64(seed: seed)
  return (0..<count).map { _ in Double.random(in: range, using: &generator) }
}

extension QuantityTable {
  /// A table whose columns are named x1, x2 and so on.
  init(_ columns: [[Double]]) {
    self.init(names: columns.indices.map { "x\($0 + 1)" }, columns: columns)
  }

  func row(_ row: Int) -> [Double] { columns.map { $0[row] } }

  /// What a function makes of each row.
  func target(_ function: ([Double]) -> Double) -> [Double] { (0..<rowCount).map { function(row($0)) } }
}
