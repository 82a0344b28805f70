import RunRecords
import Testing

/// What a console writes, at times that the test sets.
@Suite struct ProgressConsoleTests {
  private final class Screen {
    var time = 100.0
    var columns = 80
    var text = ""
  }

  private let screen = Screen()

  private func console(isTerminal: Bool) -> ProgressConsole {
    let screen = screen
    return ProgressConsole(
      isTerminal: isTerminal, width: { screen.columns }, now: { screen.time }, write: { screen.text += $0 })
  }

  private func line(epoch: Int = 3, fraction: Double = 0.999, left: Double = 200) -> ProgressLine {
    ProgressLine(
      epoch: epoch, totalEpochs: 30, fraction: fraction, loss: -0.81234, imagesPerSecond: 1234.4, secondsLeft: left)
  }

  /// What was written since the last call.
  private func written() -> String {
    defer { screen.text = "" }
    return screen.text
  }

  private let shown = "epoch 3/30  loss -0.8123  1234 images/s  99 %, 3 min 20 s left"
  private let clear = "\r\u{1B}[K"

  @Test func terminalLineIsOverwrittenTenTimesASecond() {
    let console = console(isTerminal: true)
    console.update(line())
    #expect(written() == clear + shown)
    screen.time += 0.09
    console.update(line())
    #expect(written() == "")
    screen.time += 0.02
    console.update(line(left: 0))
    #expect(written() == clear + "epoch 3/30  loss -0.8123  1234 images/s  99 %")
    console.finish()
    #expect(written() == "\n")
    console.finish()
    #expect(written() == "")
  }

  @Test func terminalLineNeverWraps() {
    let console = console(isTerminal: true)
    screen.columns = 21
    console.update(line())
    #expect(written() == clear + "epoch 3/30  loss -0.")
    screen.time += 1
    screen.columns = 0
    console.update(line())
    #expect(written() == clear + "e")
  }

  @Test func terminalKeepsRemarksAndTheLastEpoch() {
    let console = console(isTerminal: true)
    console.note("first")
    #expect(written() == "first\n")
    console.update(line())
    _ = written()
    console.note("remark")
    #expect(written() == clear + "remark\n")
    console.endEpoch(line(left: 0))
    #expect(written() == clear + shown)
    console.endEpoch(line(epoch: 30, fraction: 1))
    #expect(written().hasSuffix("  100 %, 3 min 20 s left\n"))
    console.finish()
    #expect(written() == "")
  }

  @Test func elsewhereALineIsWrittenForEachEpochAndHalfMinute() {
    let console = console(isTerminal: false)
    console.update(line())
    screen.time += 29.9
    console.update(line())
    #expect(written() == "")
    screen.time += 0.1
    console.update(line())
    #expect(written() == shown + "\n")
    screen.time += 1
    console.endEpoch(line(left: 0))
    #expect(written() == shown + "\n")
    screen.time += 29
    console.update(line())
    console.finish()
    #expect(written() == "")
    console.note("remark")
    #expect(written() == "remark\n")
  }

  @Test func numbersThatAreNoneAreShown() {
    let console = console(isTerminal: true)
    console.update(
      ProgressLine(
        epoch: 1, totalEpochs: 1, fraction: .infinity, loss: .nan, imagesPerSecond: .infinity, secondsLeft: .infinity))
    #expect(written() == clear + "epoch 1/1  loss nan  inf images/s  100 %, a very long time left")
  }
}
