import RunRecords

/// Rows of a result.
public struct Answer: Sendable, Equatable {
  /// The names of the columns.
  public var columns: [String]
  /// A value for each column.
  public var rows: [[SQLValue]]

  /// Rows of values, one for each column.
  public init(columns: [String], rows: [[SQLValue]]) {
    self.columns = columns
    self.rows = rows
  }
}

/// What was recorded of an image, over all of training.
public struct ImageStanding: Sendable, Equatable {
  /// Its position in the dataset.
  public var image: Int
  /// Its name.
  public var name: String
  /// How often it was trained on.
  public var trained: Int
  /// How often its views were selected by a score; otherwise it took random ones.
  public var scored: Int
  /// The mean score of its choices.
  public var meanScore: Double
  /// The same the last time.
  public var lastScore: Double
  /// How much higher the chosen pair scored than the mean of all; nil where that is not known.
  public var meanGain: Double?
  /// The same the last time.
  public var lastGain: Double?
  /// The mean score of its choices less that of all recorded images in the same epoch, over the second half of training;
  /// nil where it was not scored then.
  public var standing: Double?
  /// Whether it was above the mean whenever it was scored.
  public var isAlwaysHard: Bool
}

extension ViewsDatabase {
  /// The answer to a question of one's own.
  /// - Throws: `RecordError` where SQLite does not understand it, or it would change something.
  public func answer(to sql: String) throws(RecordError) -> Answer {
    let statement = try database.prepare(sql)
    guard statement.isReadOnly else {
      throw RecordError(
        path: database.path, reason: "is only read, and '\(sql)' would change it", advice: "Ask with SELECT")
    }
    return Answer(columns: statement.columns, rows: try statement.rows())
  }

  /// What was selected in each epoch; overlaps are those of all pairs of views.
  public func epochs() throws(RecordError) -> Answer {
    try answer(
      to: """
        WITH own AS (
          SELECT record, sum(overlap) FILTER (WHERE selected) AS chosen, count(*) FILTER (WHERE selected) AS chosen_count,
            sum(overlap) FILTER (WHERE NOT selected) AS others, count(*) FILTER (WHERE NOT selected) AS other_count,
            max(overlap) FILTER (WHERE selected) <= min(overlap) AS least
          FROM pairs GROUP BY record)
        SELECT epoch + 1 AS epoch, count(*) AS records, count(DISTINCT image) AS images,
          sum(chosen) / sum(chosen_count) AS chosen_overlap, sum(others) / sum(other_count) AS other_overlap,
          avg(least) AS least_overlap_share, avg(mean_score) AS mean_score, avg(selected_score) AS selected_score
        FROM records JOIN own USING (record) GROUP BY records.epoch ORDER BY records.epoch
        """)
  }

  /// All that was recorded of an image.
  /// - Parameter name: Its name, or how it ends.
  /// - Throws: `RecordError` where no recorded image has this name, or several do.
  public func records(ofImage name: String) throws(RecordError) -> Answer {
    let found = try database.prepare(
      "SELECT image, name FROM images WHERE name = ?1 OR substr(name, -length(?1)) = ?1 ORDER BY name <> ?1, name"
    ).rows([.text(name)])
    guard let first = found.first, let image = first[0].integer else {
      throw RecordError(
        path: database.path, reason: "has no image '\(name)'",
        advice: "Name one of the \(try integer("SELECT count(*) FROM images")) recorded images (--ledger lists them)")
    }
    guard found.count == 1 || first[1] == .text(name) else {
      throw RecordError(
        path: database.path,
        reason: "has \(found.count) images whose names end in '\(name)'",
        advice: "Name one of them, such as \(first[1].text ?? "")")
    }
    return try answer(
      to: """
        SELECT epoch + 1 AS epoch, step, records.selected, min(overlap) FILTER (WHERE pairs.selected) AS chosen_overlap,
          avg(overlap) AS mean_overlap, mean_score, selected_score, records.scores
        FROM records JOIN pairs USING (record, epoch, step) WHERE records.image = \(image) GROUP BY record ORDER BY record
        """)
  }

  /// Every recorded image, easiest first; those that were never scored, or not in the second half, come last.
  public func ledger() throws(RecordError) -> [ImageStanding] {
    let rows = try database.prepare(
      """
      WITH standings AS (
        SELECT image, epoch, step, mean_score, selected_score,
          mean_score - avg(mean_score) OVER (PARTITION BY epoch) AS standing
        FROM records WHERE mean_score IS NOT NULL),
      half AS (SELECT (min(epoch) + max(epoch) + 1) / 2 AS begins FROM standings),
      totals AS (SELECT image, count(*) AS trained FROM records GROUP BY image)
      SELECT image, name, trained, count(step), avg(mean_score), mean_score, avg(selected_score - mean_score),
        selected_score - mean_score, avg(standing) FILTER (WHERE epoch >= (SELECT begins FROM half)) AS late,
        coalesce(sum(standing <= 0), 1) = 0, max(step)
      FROM totals JOIN images USING (image) LEFT JOIN standings USING (image)
      GROUP BY image ORDER BY late IS NULL, late, image
      """
    ).rows()
    return rows.map { row in
      ImageStanding(
        image: row[0].integer ?? 0, name: row[1].text ?? "", trained: row[2].integer ?? 0, scored: row[3].integer ?? 0,
        meanScore: row[4].real ?? .nan, lastScore: row[5].real ?? .nan, meanGain: row[6].real, lastGain: row[7].real,
        standing: row[8].real, isAlwaysHard: row[9].integer == 1)
    }
  }

  /// Records that a condition holds for, in order.
  func records(where condition: String) throws(RecordError) -> [ViewsRecord] {
    let reader = try RecordReader(of: database)
    var records: [ViewsRecord] = []
    for row in try database.prepare("SELECT record FROM records WHERE \(condition) ORDER BY record").rows() {
      if let record = try row[0].integer.flatMap({ number throws(RecordError) in try reader.record(number) }) {
        records.append(record)
      }
    }
    return records
  }

  /// Records held in memory, to be asked like a run's.
  public static func holding(_ records: [ViewsRecord]) throws(RecordError) -> ViewsDatabase {
    let database = try inMemory(from: "records")
    try database.insert(records)
    return database
  }
}
