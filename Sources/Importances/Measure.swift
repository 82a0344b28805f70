import Foundation

/// How much of the domain of a quantity, which is its range in the table, an interval covers.
public enum Measure: String, Codable, Sendable, CaseIterable {
  /// The length of the interval, as a share of the range.
  case uniform
  /// The share of the table's rows that lie in the interval.
  ///
  /// Values that are rare in the table then count little; quantities still vary independently of each other.
  case empirical
}

/// The domain of a table's quantities.
struct Domain: Sendable {
  private let measure: Measure
  /// The values of each column, sorted.
  private let columns: [[Double]]

  init(of table: QuantityTable, measure: Measure) {
    self.measure = measure
    columns = table.columns.map { $0.sorted() }
  }

  /// The share of a column's domain that is at most as large as a threshold within its range.
  func share(ofColumn column: Int, upTo threshold: Double) -> Double {
    let values = columns[column]
    switch measure {
    case .uniform:
      let (smallest, largest) = (values[0], values[values.count - 1])
      // Halves, as the range itself may be too large for a number.
      return (threshold / 2 - smallest / 2) / (largest / 2 - smallest / 2)
    case .empirical:
      return Double(values.partitioningIndex { $0 > threshold }) / Double(values.count)
    }
  }
}

extension RandomAccessCollection where Index == Int {
  /// The first index from which on a condition holds; the end where it never does.
  func partitioningIndex(where holds: (Element) -> Bool) -> Int {
    var (low, high) = (startIndex, endIndex)
    while low < high {
      let middle = low + (high - low) / 2
      if holds(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
