import Foundation

/// Reads and rewrites files of one JSON object a line.
///
/// Keys are in snake case and sorted. Numbers that JSON lacks are the texts "NaN", "Infinity" and "-Infinity". A last
/// line without its end was cut off while it was written, so it does not count.
public enum JSONLines {
  /// Every record of a file, in order.
  /// - Throws: `RecordError` that names the line when one cannot be understood.
  public static func read<Record: Decodable>(_ type: Record.Type, from path: String) throws(RecordError) -> [Record] {
    let decoder = decoder
    var records: [Record] = []
    for (number, line) in completeLines(of: try readFile(at: path)).enumerated() {
      guard let record = try? decoder.decode(type, from: line) else {
        throw RecordError(
          path: "\(path), line \(number + 1)", reason: "is not a record of this version",
          advice: "Remove the line, or read the file with the version that wrote it")
      }
      records.append(record)
    }
    return records
  }

  /// Drops lines, atomically.
  ///
  /// Does nothing when there is no file.
  /// - Throws: `RecordError` when the file cannot be read or the disk refuses; then the file is as it was.
  public static func rewrite(_ path: String, keeping isKept: (String) -> Bool) throws(RecordError) {
    guard FileManager.default.fileExists(atPath: path) else { return }
    let kept = completeLines(of: try readFile(at: path)).filter { isKept(String(decoding: $0, as: UTF8.self)) }
    try replaceFile(at: path, with: Data(kept.flatMap { $0 + [newline] }))
  }

  static var decoder: JSONDecoder {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    return decoder
  }

  /// A value as JSON with the newline that ends it.
  static func encode(_ value: some Encodable, _ formatting: JSONEncoder.OutputFormatting = []) -> Data {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, formatting]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    do {
      return try encoder.encode(value) + [newline]
    } catch {
      preconditionFailure("\(type(of: value)) cannot be encoded as JSON: \(error)")
    }
  }

  /// A value as JSON in one line, for a column of a table.
  package static func text(_ value: some Encodable) -> String {
    String(decoding: encode(value).dropLast(), as: UTF8.self)
  }

  /// What `text` made of a value; nil where it is something else.
  package static func value<Value: Decodable>(_ type: Value.Type, from text: String) -> Value? {
    try? decoder.decode(type, from: Data(text.utf8))
  }

  static let newline = UInt8(ascii: "\n")

  private static func completeLines(of data: Data) -> [Data] {
    guard let end = data.lastIndex(of: newline) else { return [] }
    return data[..<end].split(separator: newline)
  }
}
