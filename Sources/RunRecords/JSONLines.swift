import Foundation

/// Appends records to a file, one JSON object a line.
///
/// Keys are in snake case and sorted. Numbers that JSON lacks are the texts "NaN", "Infinity" and "-Infinity". Each line
/// goes out in one system call, so a reader never sees half of one unless the machine stops.
public final class JSONLinesWriter {
  private let path: String
  private let descriptor: Int32
  private let encoder = JSONLines.encoder()

  /// Opens a file for appending, making it when it is not there.
  public init(path: String) throws(RecordError) {
    self.path = path
    descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw .lastWrite(to: path) }
  }

  deinit {
    close(descriptor)
  }

  /// Appends one record.
  /// - Throws: `RecordError` when the disk refuses, a full one for instance.
  public func append(_ record: some Encodable) throws(RecordError) {
    guard let line = try? encoder.encode(record) else {
      preconditionFailure("\(type(of: record)) cannot be encoded as JSON")
    }
    let end = lseek(descriptor, 0, SEEK_END)
    guard writeAll(line + [UInt8(ascii: "\n")], to: descriptor) else {
      let error = RecordError.lastWrite(to: path)
      ftruncate(descriptor, end)
      throw error
    }
  }
}

/// Reads and rewrites files of one JSON object a line.
public enum JSONLines {
  static func encoder() -> JSONEncoder {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    return encoder
  }

  static func decoder() -> JSONDecoder {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    return decoder
  }

  /// Every record of a file, in order; an unfinished last line is left out.
  /// - Throws: `RecordError` that names the line when one cannot be understood.
  public static func read<Record: Decodable>(_ type: Record.Type, from path: String) throws(RecordError) -> [Record] {
    let decoder = decoder()
    var records: [Record] = []
    for (number, line) in try completeLines(of: path).enumerated() {
      guard let record = try? decoder.decode(type, from: Data(line.utf8)) else {
        throw RecordError(
          path: "\(path), line \(number + 1)", reason: "is not a record of this version",
          advice: "Remove the line, or read the file with the version that wrote it")
      }
      records.append(record)
    }
    return records
  }

  /// Drops lines, atomically; an unfinished last line is dropped too. Does nothing when there is no file.
  public static func rewrite(_ path: String, keeping isKept: (String) -> Bool) throws(RecordError) {
    guard FileManager.default.fileExists(atPath: path) else { return }
    let kept = try completeLines(of: path).filter(isKept)
    try AtomicFile.write(kept.map { $0 + "\n" }.joined(), to: path)
  }

  private static func completeLines(of path: String) throws(RecordError) -> [String] {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
      throw RecordError(path: path, reason: "cannot be read", advice: "Check that it exists and is readable")
    }
    guard let last = text.lastIndex(of: "\n") else { return [] }
    return text[..<last].split(separator: "\n").map(String.init)
  }
}
