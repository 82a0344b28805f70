import CSQLite
import RunRecords

/// A value of a column.
public enum SQLValue: Sendable, Equatable {
  case null
  case integer(Int)
  case real(Double)
  case text(String)

  init(_ value: Int?) { self = value.map(SQLValue.integer) ?? .null }
  init(_ value: Double?) { self = value.map(SQLValue.real) ?? .null }
  init(_ value: String?) { self = value.map(SQLValue.text) ?? .null }
  init(_ value: Bool) { self = .integer(value ? 1 : 0) }

  var integer: Int? {
    if case .integer(let value) = self { value } else { nil }
  }

  var real: Double? {
    switch self {
    case .real(let value): value
    case .integer(let value): Double(value)
    case .null, .text: nil
    }
  }

  var text: String? {
    if case .text(let value) = self { value } else { nil }
  }
}

/// A connection to a file of SQLite.
final class SQLiteDatabase {
  enum Access {
    /// The file must be there.
    case reading
    /// The file is made where it is not there.
    case writing
    /// There is no file.
    case memory
  }

  let path: String
  private let handle: OpaquePointer

  /// Opens a file, or a database in memory.
  /// - Throws: `RecordError` where the file cannot be opened.
  init(path: String, _ access: Access) throws(RecordError) {
    self.path = path
    let flags =
      switch access {
      // Even readers may have to undo what a killed process left half done; a file that is read-only stays so.
      case .reading: SQLITE_OPEN_READWRITE
      case .writing: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
      case .memory: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY
      }
    var handle: OpaquePointer?
    let code = sqlite3_open_v2(path, &handle, flags | SQLITE_OPEN_NOMUTEX, nil)
    guard code == SQLITE_OK, let handle else {
      let error = Self.error(path, handle)
      sqlite3_close_v2(handle)
      throw error
    }
    self.handle = handle
    sqlite3_extended_result_codes(handle, 1)
    // Another process that reads or writes is waited for.
    sqlite3_busy_timeout(handle, 10_000)
  }

  deinit { sqlite3_close_v2(handle) }

  /// Runs statements without parameters or results.
  func execute(_ sql: String) throws(RecordError) {
    guard sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK else { throw failure() }
  }

  /// Compiles one statement.
  func prepare(_ sql: String) throws(RecordError) -> SQLiteStatement {
    var statement: OpaquePointer?
    guard sqlite3_prepare_v2(handle, sql, -1, &statement, nil) == SQLITE_OK else { throw failure() }
    guard let statement else {
      throw RecordError(path: path, reason: "was asked nothing", advice: "Write a statement, such as SELECT")
    }
    return SQLiteStatement(statement, of: self)
  }

  /// Runs `body`; what it changed is undone where it throws.
  func transaction(_ body: () throws(RecordError) -> Void) throws(RecordError) {
    try execute("BEGIN IMMEDIATE")
    do throws(RecordError) {
      try body()
      try execute("COMMIT")
    } catch {
      // A full disk may have undone it already.
      try? execute("ROLLBACK")
      throw error
    }
  }

  /// What the last call said.
  func failure() -> RecordError { Self.error(path, handle) }

  private static func error(_ path: String, _ handle: OpaquePointer?) -> RecordError {
    let reason = handle.map { String(cString: sqlite3_errmsg($0)) } ?? "no memory"
    let advice =
      switch handle.map({ sqlite3_extended_errcode($0) & 0xff }) {
      case SQLITE_FULL: "Make room on the disk"
      case SQLITE_CANTOPEN: "Check that the file is there and may be opened"
      case SQLITE_NOTADB, SQLITE_CORRUPT: "Remove the file, or put back one that is whole"
      case SQLITE_BUSY, SQLITE_LOCKED: "End what else uses the file"
      case SQLITE_ERROR: "The tables are described in Documentation/RunFolder.md"
      default: "Check the file and the disk"
      }
    return RecordError(path: path, reason: "SQLite refused (\(reason))", advice: advice)
  }
}

/// One compiled statement.
final class SQLiteStatement {
  private let handle: OpaquePointer
  private let database: SQLiteDatabase

  fileprivate init(_ handle: OpaquePointer, of database: SQLiteDatabase) {
    self.handle = handle
    self.database = database
  }

  deinit { sqlite3_finalize(handle) }

  /// Whether it changes nothing.
  var isReadOnly: Bool { sqlite3_stmt_readonly(handle) != 0 }

  /// The names of the columns of its result.
  var columns: [String] {
    (0..<sqlite3_column_count(handle)).map { String(cString: sqlite3_column_name(handle, $0)) }
  }

  /// Runs it with values for its parameters, and hands every row of the result to `body`.
  func run(_ values: [SQLValue] = [], _ body: ([SQLValue]) -> Void = { _ in }) throws(RecordError) {
    defer { sqlite3_reset(handle) }
    for (number, value) in zip(Int32(1)..., values) {
      let code =
        switch value {
        case .null: sqlite3_bind_null(handle, number)
        case .integer(let value): sqlite3_bind_int64(handle, number, Int64(value))
        case .real(let value): sqlite3_bind_double(handle, number, value)
        case .text(let value):
          sqlite3_bind_text(handle, number, value, -1, unsafeBitCast(-1, to: sqlite3_destructor_type.self))
        }
      guard code == SQLITE_OK else { throw database.failure() }
    }
    while true {
      switch sqlite3_step(handle) {
      case SQLITE_ROW: body((0..<sqlite3_column_count(handle)).map(value))
      case SQLITE_DONE: return
      default: throw database.failure()
      }
    }
  }

  /// All rows of the result.
  func rows(_ values: [SQLValue] = []) throws(RecordError) -> [[SQLValue]] {
    var rows: [[SQLValue]] = []
    try run(values) { rows.append($0) }
    return rows
  }

  private func value(_ column: Int32) -> SQLValue {
    switch sqlite3_column_type(handle, column) {
    case SQLITE_INTEGER: .integer(Int(sqlite3_column_int64(handle, column)))
    case SQLITE_FLOAT: .real(sqlite3_column_double(handle, column))
    case SQLITE_TEXT: .text(String(cString: sqlite3_column_text(handle, column)))
    case SQLITE_BLOB: .text("\(sqlite3_column_bytes(handle, column)) bytes")
    default: .null
    }
  }
}
