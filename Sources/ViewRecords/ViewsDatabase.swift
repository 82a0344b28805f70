import RunRecords
import Views

/// Records of views in SQLite: `views.sqlite` of a run, or the lines of `views.jsonl` in memory.
///
/// The tables are described in Documentation/RunFolder.md. Records are numbered from 1 without gaps, in the order of
/// steps.
public final class ViewsDatabase {
  let database: SQLiteDatabase
  private lazy var insertion = Insertion(into: database)

  /// The version of the tables, in `user_version` of the file.
  static let version = 1

  /// Opens a file to ask it.
  /// - Throws: `RecordError` where it is not there, or holds something else.
  public static func open(_ path: String) throws(RecordError) -> ViewsDatabase {
    let database = try ViewsDatabase(SQLiteDatabase(path: path, .reading))
    try database.checkVersion()
    return database
  }

  /// Opens a file to add to it; makes it where it is not there.
  static func openOrMake(_ path: String) throws(RecordError) -> ViewsDatabase {
    let database = try ViewsDatabase(SQLiteDatabase(path: path, .writing))
    // A machine that stops loses what was written last, but not the file.
    try database.database.execute("PRAGMA synchronous = NORMAL")
    if try database.integer("PRAGMA user_version") == 0, try database.integer("SELECT count(*) FROM sqlite_master") == 0
    {
      try database.make()
    }
    try database.checkVersion()
    return database
  }

  /// A database in memory, named as the file that its records come from.
  static func inMemory(from path: String) throws(RecordError) -> ViewsDatabase {
    let database = try ViewsDatabase(SQLiteDatabase(path: path, .memory))
    try database.make()
    return database
  }

  private init(_ database: SQLiteDatabase) {
    self.database = database
  }

  private func make() throws(RecordError) {
    try database.transaction { () throws(RecordError) in try database.execute(Self.schema) }
  }

  private func checkVersion() throws(RecordError) {
    let version = try integer("PRAGMA user_version")
    guard version == Self.version, try integer("SELECT count(*) FROM sqlite_master WHERE name = 'records'") == 1 else {
      throw RecordError(
        path: database.path, reason: "does not hold views as this version records them (it is of version \(version))",
        advice: "Read it with the version that wrote it")
    }
  }

  /// Adds records, all of them or none.
  /// - Throws: `RecordError` where the disk refuses.
  func insert(_ records: some Collection<ViewsRecord>) throws(RecordError) {
    let insertion = insertion
    try database.transaction { () throws(RecordError) in
      var number = try count
      for record in records {
        number += 1
        try insertion.insert(record, as: number)
      }
    }
  }

  /// Drops what was recorded after this number of steps.
  func cut(atStep saved: Int) throws(RecordError) {
    let first = try integer("SELECT coalesce(min(record), 0) FROM records WHERE step >= \(saved)")
    guard first > 0 else { return }
    try database.transaction { () throws(RecordError) in
      try database.execute("DELETE FROM records WHERE record >= \(first); DELETE FROM views WHERE record >= \(first)")
    }
  }

  /// How many records there are.
  public var count: Int {
    get throws(RecordError) { try integer("SELECT coalesce(max(record), 0) FROM records") }
  }

  /// Records spread evenly over a part of them, all where there are no more than `limit`.
  public func sample(limit: Int, window: ClosedRange<Double> = 0...1) throws(RecordError) -> [ViewsRecord] {
    let total = try count
    let last = min(total, Int((window.upperBound * Double(total)).rounded(.up)))
    let first = min(last, max(0, Int(window.lowerBound * Double(total))))
    let wanted = min(limit, last - first)
    let reader = try RecordReader(of: database)
    var records: [ViewsRecord] = []
    for place in 0..<wanted {
      if let record = try reader.record(1 + first + (last - first) * place / wanted) { records.append(record) }
    }
    return records
  }

  func integer(_ sql: String) throws(RecordError) -> Int {
    try database.prepare(sql).rows().first?.first?.integer ?? 0
  }

  private static let schema = """
    CREATE TABLE images (image INTEGER PRIMARY KEY, name TEXT NOT NULL);
    CREATE TABLE records (
      record INTEGER PRIMARY KEY, step INTEGER NOT NULL, epoch INTEGER NOT NULL, image INTEGER NOT NULL,
      view_count INTEGER NOT NULL, selected TEXT NOT NULL, scored TEXT, scores TEXT, mean_score REAL,
      selected_score REAL);
    CREATE TABLE views (
      record INTEGER NOT NULL, view INTEGER NOT NULL, slot INTEGER, source_width INTEGER NOT NULL,
      source_height INTEGER NOT NULL, crop_top INTEGER NOT NULL, crop_left INTEGER NOT NULL,
      crop_height INTEGER NOT NULL, crop_width INTEGER NOT NULL, is_flipped INTEGER NOT NULL, brightness REAL,
      contrast REAL, saturation REAL, hue REAL, jitter_order TEXT, is_grayscale INTEGER NOT NULL, blur_sigma REAL,
      is_solarized INTEGER NOT NULL, others TEXT, PRIMARY KEY (record, view)) WITHOUT ROWID;
    CREATE VIEW pairs AS
      WITH both AS (
        SELECT records.record, step, epoch, image, scored, scores, view_count, a.view AS first, b.view AS second,
          a.slot IS NOT NULL AND b.slot IS NOT NULL AS selected,
          a.crop_height * a.crop_width + b.crop_height * b.crop_width AS areas,
          max(0, min(a.crop_top + a.crop_height, b.crop_top + b.crop_height) - max(a.crop_top, b.crop_top))
          * max(0, min(a.crop_left + a.crop_width, b.crop_left + b.crop_width) - max(a.crop_left, b.crop_left))
          AS shared
        FROM records JOIN views a USING (record) JOIN views b ON b.record = a.record AND b.view > a.view)
      SELECT record, step, epoch, image, first, second, selected, 1.0 * shared / (areas - shared) AS overlap,
        CASE WHEN scored IS NULL AND json_array_length(scores) = view_count * (view_count - 1) / 2
          THEN json_extract(scores, '$[' || (first * view_count - first * (first + 1) / 2 + second - first - 1) || ']')
        END AS score
      FROM both;
    PRAGMA user_version = \(version);
    """
}
