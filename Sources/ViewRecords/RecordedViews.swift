import Foundation
import RunRecords

/// What a run recorded of views, in whichever format.
public struct RecordedViews: Sendable {
  /// The file.
  public let path: String
  private let format: ViewsFormat

  /// The records of a run; reads nothing yet.
  public init(of directory: RunDirectory) {
    let isDatabase = FileManager.default.fileExists(atPath: directory.viewsDatabasePath)
    format = isDatabase ? .sqlite : .jsonl
    path = isDatabase ? directory.viewsDatabasePath : directory.viewsPath
  }

  /// Records spread evenly over a part of them, all where there are no more than `limit`; none where there is no file.
  /// - Throws: `RecordError` when the file cannot be read.
  public func sample(
    limit: Int, window: ClosedRange<Double> = 0...1
  ) throws(RecordError) -> JSONLines.Sample<ViewsRecord> {
    switch format {
    case .jsonl:
      return try JSONLines.sample(ViewsRecord.self, from: path, limit: limit, window: window)
    case .sqlite:
      let database = try ViewsDatabase.open(path)
      return JSONLines.Sample(
        try database.sample(limit: limit, window: window), lineCount: try database.count)
    }
  }

  /// The records of the last epoch.
  /// - Throws: `RecordError` when the file cannot be read, or nothing was recorded.
  public func lastEpoch() throws(RecordError) -> [ViewsRecord] {
    let records =
      switch format {
      case .jsonl: try JSONLines.read(ViewsRecord.self, from: path)
      case .sqlite: try ViewsDatabase.open(path).records(where: "epoch = (SELECT max(epoch) FROM records)")
      }
    guard let epoch = records.last?.epoch else { throw nothingRecorded }
    return records.filter { $0.epoch == epoch }
  }

  /// The records as tables: the file itself, or the lines of an older format in memory.
  ///
  /// - Returns: The tables, and how many lines could not be understood.
  /// - Throws: `RecordError` when the file cannot be read, or nothing was recorded.
  public func tables() throws(RecordError) -> (database: ViewsDatabase, unreadable: Int) {
    let tables: (database: ViewsDatabase, unreadable: Int)
    switch format {
    case .sqlite: tables = (try ViewsDatabase.open(path), 0)
    case .jsonl:
      let database = try ViewsDatabase.inMemory(from: path)
      let unreadable = try JSONLines.forEachPart(of: path, ViewsRecord.self) { part throws(RecordError) in
        try database.insert(part)
      }
      tables = (database, unreadable)
    }
    guard try tables.database.count > 0 else { throw nothingRecorded }
    return tables
  }

  private var nothingRecorded: RecordError {
    RecordError(
      path: path, reason: "has no choices yet",
      advice: "Train with records.views_of_images above 0, for at least an epoch")
  }
}
