import RunRecords
import Testing

@Suite struct TableTests {
  @Test func columnsAreAligned() {
    var table = Table(columns: [.left("run"), .right("top-1"), .left("note")])
    table.addRow(["random", "7.25 %", "ü"])
    table.addRow(["hardest of four", "77.50 %", ""])
    #expect(
      table.text == """
        run                top-1  note
        ───────────────  ───────  ────
        random            7.25 %  ü
        hardest of four  77.50 %
        """)
  }

  @Test func columnsWithoutTitlesHaveNoHeader() {
    var table = Table(columns: [.left(""), .right("")])
    table.addRow(["a", "10"])
    table.addRow(["bcd", "9"])
    #expect(table.text == "a    10\nbcd   9")
    #expect(Table(columns: [.left("")]).text == "")
    #expect(Table(columns: [.left("k")]).text == "k\n─")
  }

  @Test(arguments: [
    (-3, "0 s"), (0.4, "0 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (200, "3 min 20 s"), (3599, "59 min 59 s"),
    (7500, "2 h 5 min"), (86400 * 3 + 14400, "3 d 4 h"), (.infinity, "a very long time"), (.nan, "a very long time"),
  ])
  func durationsAreWords(seconds: Double, words: String) {
    #expect(describeDuration(seconds: seconds) == words)
  }
}
