import Foundation
import RunRecords

/// How records of views are kept; `records.views_format`.
public enum ViewsFormat: String, Codable, Sendable, CaseIterable {
  /// `views.jsonl`: an object a line.
  case jsonl
  /// `views.sqlite`: tables, for many images and for questions.
  case sqlite
}

/// Where a run writes what was drawn and chosen: a file that goes on where a checkpoint does.
public protocol ViewsLog: AnyObject {
  /// Adds a record.
  /// - Throws: `RecordError` when the disk refuses, once until it takes records again; the record is not lost.
  func append(_ record: ViewsRecord) throws(RecordError)
  /// Writes what is kept.
  /// - Throws: `RecordError` when the disk refuses.
  func flush() throws(RecordError)
  /// Drops what was recorded after this number of steps.
  /// - Throws: `RecordError` when the file cannot be read or the disk refuses.
  func cut(atStep saved: Int) throws(RecordError)
}

extension RunDirectory {
  /// A log in this folder; no file is made before its first record.
  public func viewsLog(_ format: ViewsFormat) -> any ViewsLog {
    switch format {
    case .jsonl: LinesLog(path: viewsPath)
    case .sqlite: DatabaseLog(path: viewsDatabasePath)
    }
  }
}

/// `views.jsonl`.
private final class LinesLog: ViewsLog {
  private let log: StepLog

  init(path: String) {
    log = StepLog(path: path, counts: .stepsBefore)
  }

  func append(_ record: ViewsRecord) throws(RecordError) { try log.append(record) }
  func flush() throws(RecordError) { try log.flush() }
  func cut(atStep saved: Int) throws(RecordError) { try log.cut(atStep: saved) }
}

/// `views.sqlite`, written some hundred records at a time.
private final class DatabaseLog: ViewsLog {
  /// Records of one transaction, each of which waits for the disk.
  private static let partSize = 512

  private let path: String
  private var database: ViewsDatabase?
  /// Records that are not on disk yet.
  private var pending: [ViewsRecord] = []
  private var nextFlush = partSize
  private var isFailing = false

  init(path: String) {
    self.path = path
  }

  func append(_ record: ViewsRecord) throws(RecordError) {
    pending.append(record)
    guard pending.count >= nextFlush else { return }
    do throws(RecordError) {
      try flush()
    } catch {
      nextFlush = pending.count + Self.partSize
      if isFailing { return }
      isFailing = true
      throw error
    }
  }

  func flush() throws(RecordError) {
    guard !pending.isEmpty else { return }
    do throws(RecordError) {
      if database == nil { database = try ViewsDatabase.openOrMake(path) }
      try database!.insert(pending)
    } catch {
      // A disk that comes back may have another file under this name.
      database = nil
      throw error
    }
    pending = []
    nextFlush = Self.partSize
    isFailing = false
  }

  func cut(atStep saved: Int) throws(RecordError) {
    database = nil
    pending.removeAll { $0.step >= saved }
    guard FileManager.default.fileExists(atPath: path) else { return }
    try ViewsDatabase.openOrMake(path).cut(atStep: saved)
  }
}
