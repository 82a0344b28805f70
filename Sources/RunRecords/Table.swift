/// Rows of text under aligned columns, for the console.
public struct Table {
  /// A column's title and the side its cells lean to.
  public enum Column: Sendable {
    /// Text.
    case left(String)
    /// Numbers.
    case right(String)
    /// Text that is broken between words into lines of at most this number of characters; longer words stay whole.
    case wrapped(String, width: Int)

    var title: String {
      switch self {
      case .left(let title), .right(let title), .wrapped(let title, _): title
      }
    }

    /// A cell's lines; all but the first are indented.
    func lines(of cell: String) -> [String] {
      guard case .wrapped(_, let width) = self else { return [cell] }
      var lines = [""]
      for word in cell.split(separator: " ") {
        let line = lines[lines.count - 1]
        if line.allSatisfy({ $0 == " " }) {
          lines[lines.count - 1] += word
        } else if line.count + 1 + word.count <= width {
          lines[lines.count - 1] += " " + word
        } else {
          lines.append("  " + word)
        }
      }
      return lines
    }
  }

  private let columns: [Column]
  private var rows: [[String]] = []

  /// Begins a table; columns without any title print no header.
  public init(columns: [Column]) {
    self.columns = columns
  }

  /// Adds a row with a cell for each column; wrapped cells make it several lines high.
  public mutating func addRow(_ cells: [String]) {
    precondition(cells.count == columns.count, "\(cells.count) cells for \(columns.count) columns")
    let lines = zip(columns, cells).map { $0.lines(of: $1) }
    for number in 0..<(lines.map(\.count).max() ?? 0) {
      rows.append(lines.map { number < $0.count ? $0[number] : "" })
    }
  }

  /// The table, one line a row, without a newline at the end.
  public var text: String {
    let titles = columns.map(\.title)
    let hasHeader = titles.contains { !$0.isEmpty }
    let widths = columns.indices.map { column in
      ([titles] + rows).map { $0[column].count }.max() ?? 0
    }
    func line(_ cells: [String]) -> String {
      let padded = zip(columns, zip(cells, widths)).map { column, cell in
        let padding = String(repeating: " ", count: cell.1 - cell.0.count)
        if case .right = column { return padding + cell.0 }
        return cell.0 + padding
      }
      let joined = padded.joined(separator: "  ")
      return String(joined.reversed().drop { $0 == " " }.reversed())
    }
    let rule = widths.map { String(repeating: "─", count: $0) }.joined(separator: "  ")
    return ((hasHeader ? [line(titles), rule] : []) + rows.map(line)).joined(separator: "\n")
  }
}

/// A duration in words: "48 s", "3 min 20 s", "2 h 5 min", "3 d 4 h".
public func describeDuration(seconds: Double) -> String {
  guard seconds.isFinite, seconds < 1e9 else { return "a very long time" }
  let total = Int(max(seconds, 0).rounded())
  switch total {
  case ..<60: return "\(total) s"
  case ..<3600: return "\(total / 60) min \(total % 60) s"
  case ..<86400: return "\(total / 3600) h \(total % 3600 / 60) min"
  default: return "\(total / 86400) d \(total % 86400 / 3600) h"
  }
}
