import RunRecords
import Views

/// What a view's columns do not hold.
private struct OtherParameters: Codable {
  var operations: [DrawnOperation]?
  var erased: CropBox?
  var ownOperations: [DrawnViewOperation]?

  init?(_ view: ViewParameters) {
    guard view.operations != nil || view.erased != nil || view.ownOperations != nil else { return nil }
    operations = view.operations
    erased = view.erased
    ownOperations = view.ownOperations
  }
}

/// Adds records to the tables.
final class Insertion {
  private let database: SQLiteDatabase
  private var statements: (image: SQLiteStatement, record: SQLiteStatement, view: SQLiteStatement)?

  init(into database: SQLiteDatabase) {
    self.database = database
  }

  func insert(_ record: ViewsRecord, as number: Int) throws(RecordError) {
    let statements = try prepared()
    try statements.image.run([.integer(record.image), .text(record.name)])
    try statements.record.run([
      .integer(number), .integer(record.step), .integer(record.epoch), .integer(record.image),
      .integer(record.views.count), .text("\(record.selected)"), SQLValue(record.scored.map { "\($0)" }),
      SQLValue(record.scores.map(text)),
      SQLValue(record.meanScore), SQLValue(record.selectedScore),
    ])
    for (place, view) in record.views.enumerated() {
      let jitter = view.jitter
      try statements.view.run([
        .integer(number), .integer(place), SQLValue(record.selected.firstIndex(of: place)),
        .integer(view.sourceWidth), .integer(view.sourceHeight), .integer(view.crop.top), .integer(view.crop.left),
        .integer(view.crop.height), .integer(view.crop.width), SQLValue(view.isFlipped),
        SQLValue(jitter?.brightness), SQLValue(jitter?.contrast), SQLValue(jitter?.saturation), SQLValue(jitter?.hue),
        SQLValue(jitter.map { $0.order.map(\.rawValue).joined(separator: " ") }), SQLValue(view.isGrayscale),
        SQLValue(view.blurSigma), SQLValue(view.isSolarized),
        SQLValue(OtherParameters(view).map { JSONLines.text($0) }),
      ])
    }
  }

  /// Numbers as JSON: as Swift writes them, which is a good deal faster than an encoder, unless JSON lacks one.
  private func text(_ scores: [Float]) -> String {
    scores.allSatisfy(\.isFinite) ? "\(scores)" : JSONLines.text(scores)
  }

  private func prepared() throws(RecordError) -> (
    image: SQLiteStatement, record: SQLiteStatement, view: SQLiteStatement
  ) {
    if let statements { return statements }
    func places(_ count: Int) -> String { Array(repeating: "?", count: count).joined(separator: ", ") }
    let made = (
      image: try database.prepare("INSERT OR IGNORE INTO images VALUES (?, ?)"),
      record: try database.prepare("INSERT INTO records VALUES (\(places(10)))"),
      view: try database.prepare("INSERT INTO views VALUES (\(places(19)))")
    )
    statements = made
    return made
  }
}

/// Reads records back.
struct RecordReader {
  private let record: SQLiteStatement
  private let views: SQLiteStatement

  init(of database: SQLiteDatabase) throws(RecordError) {
    record = try database.prepare(
      "SELECT step, epoch, image, name, selected, scored, scores FROM records JOIN images USING (image) WHERE record = ?"
    )
    views = try database.prepare(
      """
      SELECT source_width, source_height, crop_top, crop_left, crop_height, crop_width, is_flipped, brightness, contrast,
        saturation, hue, jitter_order, is_grayscale, blur_sigma, is_solarized, others FROM views WHERE record = ?
      """)
  }

  /// The record of a number; nil where it was cut off or holds what cannot be understood.
  func record(_ number: Int) throws(RecordError) -> ViewsRecord? {
    guard let row = try record.rows([.integer(number)]).first, let step = row[0].integer, let epoch = row[1].integer,
      let image = row[2].integer, let name = row[3].text, let selected = array(row[4], of: Int.self)
    else { return nil }
    let views = try views.rows([.integer(number)]).map(Self.view)
    guard views.allSatisfy({ $0 != nil }) else { return nil }
    return ViewsRecord(
      step: step, epoch: epoch, image: image, name: name, views: views.compactMap { $0 }, selected: selected,
      scored: array(row[5], of: Int.self), scores: array(row[6], of: Float.self))
  }

  private func array<Element: Decodable>(_ value: SQLValue, of type: Element.Type) -> [Element]? {
    value.text.flatMap { JSONLines.value([Element].self, from: $0) }
  }

  private static func view(_ row: [SQLValue]) -> ViewParameters? {
    let whole = row.map { $0.integer }
    guard let width = whole[0], let height = whole[1], let top = whole[2], let left = whole[3],
      let cropHeight = whole[4], let cropWidth = whole[5]
    else { return nil }
    var view = ViewParameters(
      sourceWidth: width, sourceHeight: height,
      crop: CropBox(top: top, left: left, height: cropHeight, width: cropWidth), isFlipped: whole[6] == 1,
      isGrayscale: whole[12] == 1, blurSigma: row[13].real, isSolarized: whole[14] == 1)
    if let brightness = row[7].real, let contrast = row[8].real, let saturation = row[9].real, let hue = row[10].real {
      let order = (row[11].text ?? "").split(separator: " ").compactMap { JitterOperation(rawValue: String($0)) }
      view.jitter = JitterParameters(
        brightness: brightness, contrast: contrast, saturation: saturation, hue: hue, order: order)
    }
    if let others = row[15].text.flatMap({ JSONLines.value(OtherParameters.self, from: $0) }) {
      view.operations = others.operations
      view.erased = others.erased
      view.ownOperations = others.ownOperations
    }
    return view
  }
}
