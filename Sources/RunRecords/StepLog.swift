import Foundation

/// A file of one JSON object a line, each with a key `step`, that goes on where a checkpoint does.
///
/// Opened with its first line, so that nothing changes on disk before training begins.
public final class StepLog {
  /// What `step` counts in the lines.
  public enum Counting: Sendable {
    /// Steps taken when the line was written.
    case stepsTaken
    /// Steps taken before the one that the line tells of.
    case stepsBefore
  }

  /// Where it is.
  public let path: String
  private let counting: Counting
  private var writer: JSONLinesWriter?

  /// Describes a log.
  public init(path: String, counts counting: Counting) {
    self.path = path
    self.counting = counting
  }

  /// Appends one record.
  /// - Throws: `RecordError` when the disk refuses.
  public func append(_ record: some Encodable) throws(RecordError) {
    if writer == nil { writer = try JSONLinesWriter(path: path) }
    try writer!.append(record)
  }

  /// Drops what was recorded after so many steps.
  /// - Throws: `RecordError` when the file cannot be read or the disk refuses.
  public func cut(atStep saved: Int) throws(RecordError) {
    writer = nil
    guard FileManager.default.fileExists(atPath: path) else { return }
    try JSONLines.rewrite(path) { line in
      guard let step = (try? JSONDecoder().decode(Line.self, from: Data(line.utf8)))?.step else { return false }
      return counting == .stepsTaken ? step <= saved : step < saved
    }
  }

  private struct Line: Decodable {
    var step: Int
  }
}
