/// Observations of named quantities: a row for each observation, a column for each quantity.
///
/// A binary quantity has the values 0 and 1.
public struct QuantityTable: Sendable, Equatable {
  /// The names of the quantities, all different.
  public let names: [String]
  /// The values of each quantity, finite, in its own unit.
  public let columns: [[Double]]

  /// A table of at least one quantity and one observation.
  ///
  /// - Parameters:
  ///   - names: The names of the quantities, all different.
  ///   - columns: The values of each quantity, in the order of the names.
  public init(names: [String], columns: [[Double]]) {
    precondition(!columns.isEmpty && names.count == columns.count, "a table needs a name for each of its columns")
    precondition(Set(names).count == names.count, "names of columns must differ")
    precondition(!columns[0].isEmpty, "a table needs a row")
    precondition(columns.allSatisfy { $0.count == columns[0].count }, "columns must have the same number of rows")
    precondition(columns.allSatisfy { $0.allSatisfy(\.isFinite) }, "values must be finite")
    self.names = names
    self.columns = columns
  }

  /// Observations.
  public var rowCount: Int { columns[0].count }

  /// Quantities.
  public var columnCount: Int { columns.count }

  /// The rows of each column from its smallest value to its largest, and of equal values from the first to the last.
  func sortedRows() -> [[Int32]] {
    columns.map { values in
      (0..<Int32(values.count)).sorted { (values[Int($0)], $0) < (values[Int($1)], $1) }
    }
  }
}
