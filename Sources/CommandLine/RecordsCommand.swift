import ArgumentParser
import AtomicFiles
import Foundation
import ImageData
import RunRecords
import ViewRecords

/// `hardviews records`.
struct RecordsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "records",
    abstract: "Ask what a run drew and selected.",
    discussion: """
      Without a question: overlap and scores of every epoch. Runs follow the views of 16 images, or as many as \
      records.views_of_images says; tables and columns are in Documentation/RunFolder.md.

      hardviews records runs/my --hardest 20
      hardviews records runs/my --image cats/7.jpg
      hardviews records runs/my --ledger --output ledger.csv
      hardviews records runs/my --sql 'SELECT epoch, avg(overlap) FROM pairs WHERE selected GROUP BY epoch'
      """)

  @ArgumentParser.Argument(help: ArgumentHelp("A run folder.", valueName: "run"))
  var folder: String

  @Option(help: "So many of the hardest images, by the mean score of their pairs in the second half of training.")
  var hardest: Int?

  @Option(help: "So many of the easiest.")
  var easiest: Int?

  @Option(help: "All that was recorded of an image, by its name or the end of it.")
  var image: String?

  @Flag(help: "A row for each recorded image: how often it was trained on and scored, its mean and last scores.")
  var ledger = false

  @Option(help: "A question in SQL.")
  var sql: String?

  @Option(help: "A CSV file that takes the answer; an existing file is replaced.")
  var output: String?

  func validate() throws {
    let questions = [hardest != nil, easiest != nil, image != nil, ledger, sql != nil].count { $0 }
    guard questions <= 1 else {
      throw ValidationError("Ask one question: --hardest, --easiest, --image, --ledger or --sql.")
    }
    guard (hardest ?? 1) > 0, (easiest ?? 1) > 0 else { throw ValidationError("Ask for at least one image.") }
  }

  func run() throws {
    let tables = try RecordedViews(of: RunDirectory.open(at: folder)).tables()
    if tables.unreadable > 0 {
      remark("\(quantity(tables.unreadable, "line")) of another version or cut off were left out.")
    }
    let answer = try answer(of: tables.database)
    if let output {
      let lines = [answer.columns] + answer.rows.map { $0.map(\.csv) }
      try AtomicFile.write(Data(lines.map(CSV.line).joined().utf8), to: output)
      remark("\(output) has \(quantity(answer.rows.count, "row")).")
    } else {
      print(answer.table)
    }
  }

  private func answer(of database: ViewsDatabase) throws -> Answer {
    if let sql { return try database.answer(to: sql) }
    if let image { return try database.records(ofImage: image) }
    if ledger { return Answer(ofImages: try database.ledger()) }
    if let count = hardest ?? easiest {
      let standings = try database.ledger().filter { $0.standing != nil }
      return Answer(ofImages: hardest == nil ? Array(standings.prefix(count)) : standings.suffix(count).reversed())
    }
    return try database.epochs()
  }
}

extension Answer {
  /// Rows of standings of images.
  fileprivate init(ofImages standings: some Sequence<ImageStanding>) {
    self.init(
      columns: [
        "image", "name", "trained", "scored", "mean_score", "last_score", "mean_gain", "last_gain", "standing",
        "always_hard",
      ],
      rows: standings.map { image in
        func real(_ value: Double?) -> SQLValue { value.map { $0.isNaN ? .null : .real($0) } ?? .null }
        return [
          .integer(image.image), .text(image.name), .integer(image.trained), .integer(image.scored),
          real(image.meanScore), real(image.lastScore), real(image.meanGain), real(image.lastGain),
          real(image.standing), .integer(image.isAlwaysHard ? 1 : 0),
        ]
      })
  }

  /// For the console.
  fileprivate var table: String {
    let numbers = columns.indices.map { column in
      rows.allSatisfy { row in
        if case .text = row[column] { false } else { true }
      }
    }
    var table = Table(columns: zip(columns, numbers).map { $1 ? .right($0) : .left($0) })
    for row in rows { table.addRow(row.map(\.short)) }
    return table.text
  }
}

extension SQLValue {
  /// All digits.
  fileprivate var csv: String {
    switch self {
    case .null: ""
    case .integer(let value): "\(value)"
    case .real(let value): "\(value)"
    case .text(let value): value
    }
  }

  /// Four digits.
  fileprivate var short: String {
    if case .real(let value) = self { String(format: "%.4g", value) } else { csv }
  }
}
