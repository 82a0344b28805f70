/// A table of a page; columns of numbers are aligned to the right.
struct PageTable {
  /// The heading of each column, and whether it holds numbers.
  var columns: [(title: String, isNumber: Bool)]
  /// The cells.
  var rows: [[String]]

  var html: HTML {
    func cells(_ texts: [String], _ tag: HTML) -> HTML {
      HTML(
        zip(texts, columns).map { text, column in
          "<\(tag)\(column.isNumber ? " class=\"number\"" : HTML.empty)>\(text)</\(tag)>"
        })
    }
    return """
      <div class="scroll"><table>
      <tr>\(cells(columns.map(\.title), "th"))</tr>
      \(HTML(rows.map { "<tr>\(cells($0, "td"))</tr>\n" }))</table></div>

      """
  }
}
