import Foundation

/// The content of a line of progress.
public struct ProgressLine: Sendable {
  /// The current epoch, from 1.
  public var epoch: Int
  /// Epochs in all.
  public var totalEpochs: Int
  /// The share of all steps that is done, 0 to 1.
  public var fraction: Double
  /// The training loss.
  public var loss: Double
  /// Images a second.
  public var imagesPerSecond: Double
  /// An estimate of what is left.
  public var secondsLeft: Double

  /// Gathers the numbers.
  public init(
    epoch: Int, totalEpochs: Int, fraction: Double, loss: Double, imagesPerSecond: Double, secondsLeft: Double
  ) {
    self.epoch = epoch
    self.totalEpochs = totalEpochs
    self.fraction = fraction
    self.loss = loss
    self.imagesPerSecond = imagesPerSecond
    self.secondsLeft = secondsLeft
  }

  /// Rounded down, so that 100 % is the end.
  private var percent: Double { (min(max(fraction, 0), 1) * 100).rounded(.down) }

  var text: String {
    let left = secondsLeft > 0 ? ", \(describeDuration(seconds: secondsLeft)) left" : ""
    return "epoch \(epoch)/\(totalEpochs)  loss \(String(format: "%.4f", loss))"
      + "  \(String(format: "%.0f", imagesPerSecond)) images/s  \(String(format: "%.0f", percent)) %\(left)"
  }
}

/// Shows progress: one line overwritten in place on a terminal, plain lines elsewhere.
public final class ProgressConsole {
  private let isTerminal: Bool
  private let width: () -> Int
  private let now: () -> Double
  private let write: (String) -> Void
  private var lastUpdate = -Double.infinity
  private var lineIsOpen = false
  private var lastSecondsLeft = 0.0

  /// Seconds between updates on a terminal.
  static let terminalInterval = 0.1
  /// Seconds between plain lines within an epoch.
  static let plainInterval = 30.0

  /// Writes to standard error; when that refuses, progress is not shown and nothing else happens.
  public convenience init() {
    self.init(
      isTerminal: isatty(STDERR_FILENO) == 1, width: terminalWidth,
      now: { ProcessInfo.processInfo.systemUptime },
      write: { try? FileHandle.standardError.write(contentsOf: Data($0.utf8)) })
  }

  package init(
    isTerminal: Bool, width: @escaping () -> Int, now: @escaping () -> Double, write: @escaping (String) -> Void
  ) {
    self.isTerminal = isTerminal
    self.width = width
    self.now = now
    self.write = write
    if !isTerminal { lastUpdate = now() }
  }

  /// Shows where training is, not more often than is useful.
  public func update(_ line: ProgressLine) {
    lastSecondsLeft = line.secondsLeft
    let time = now()
    guard time - lastUpdate >= (isTerminal ? Self.terminalInterval : Self.plainInterval) else { return }
    lastUpdate = time
    if isTerminal {
      let text = String(line.text.prefix(max(width() - 1, 1)))
      write("\r\u{1B}[K" + text)
      lineIsOpen = true
    } else {
      write(line.text + "\n")
    }
  }

  /// Shows the end of an epoch in a line that stays.
  public func endEpoch(_ line: ProgressLine) {
    var line = line
    line.secondsLeft = lastSecondsLeft
    lastUpdate = now()
    if isTerminal && line.epoch < line.totalEpochs {
      write("\r\u{1B}[K" + String(line.text.prefix(max(width() - 1, 1))))
      lineIsOpen = true
    } else {
      note(line.text)
    }
  }

  /// Writes a remark in a line of its own.
  public func note(_ text: String) {
    write((isTerminal && lineIsOpen ? "\r\u{1B}[K" : "") + text + "\n")
    lineIsOpen = false
  }

  /// Ends an open line.
  public func finish() {
    if lineIsOpen { write("\n") }
    lineIsOpen = false
  }
}

/// Columns of the terminal behind standard error; 80 when unknown.
private func terminalWidth() -> Int {
  var size = winsize()
  guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
  return Int(size.ws_col)
}
