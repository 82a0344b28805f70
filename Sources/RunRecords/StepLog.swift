import Foundation

/// A file of one JSON object a line, each with a key `step`, that goes on where a checkpoint does.
///
/// Opened with its first line, so that nothing changes on disk before training begins. Lines that the disk refuses are
/// kept and written with the next one that it takes.
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
  /// Lines that are not on disk yet.
  private var pending: [Data] = []
  private var isFailing = false

  /// Describes a log.
  public init(path: String, counts counting: Counting) {
    self.path = path
    self.counting = counting
  }

  /// Appends one record.
  /// - Throws: `RecordError` when the disk refuses, once until it takes lines again; the record is not lost.
  public func append(_ record: some Encodable) throws(RecordError) {
    pending.append(JSONLines.encode(record))
    do {
      try flush()
    } catch {
      if isFailing { return }
      isFailing = true
      throw error
    }
  }

  /// Writes what the disk refused before.
  /// - Throws: `RecordError` when it still does.
  public func flush() throws(RecordError) {
    while let line = pending.first {
      do {
        if writer == nil { writer = try JSONLinesWriter(path: path) }
        try writer!.append(line: line)
      } catch {
        // A disk that comes back may have another file under this name.
        writer = nil
        throw error
      }
      pending.removeFirst()
    }
    isFailing = false
  }

  /// Drops what was recorded after this number of steps.
  /// - Throws: `RecordError` when the file cannot be read or the disk refuses.
  public func cut(atStep saved: Int) throws(RecordError) {
    writer = nil
    func isKept(_ line: Data) -> Bool {
      guard let step = (try? JSONDecoder().decode(Line.self, from: line))?.step else { return false }
      return counting == .stepsTaken ? step <= saved : step < saved
    }
    pending.removeAll { !isKept($0) }
    guard FileManager.default.fileExists(atPath: path) else { return }
    try JSONLines.rewrite(path) { isKept(Data($0.utf8)) }
  }

  private struct Line: Decodable {
    var step: Int
  }
}
