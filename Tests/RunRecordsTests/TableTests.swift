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

  @Test func longTextIsBrokenBetweenWords() {
    var table = Table(columns: [.wrapped("way", width: 12), .right("cost")])
    table.addRow(["exact", "1.5"])
    table.addRow(["views half as wide, running", "1.25"])
    table.addRow(["incomprehensibilities", "1"])
    table.addRow(["", "2"])
    #expect(
      table.text == """
        way                    cost
        ─────────────────────  ────
        exact                   1.5
        views half             1.25
          as wide,
          running
        incomprehensibilities     1
                                  2
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
