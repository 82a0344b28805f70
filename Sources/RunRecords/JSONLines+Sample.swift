import AtomicFiles
import Foundation

extension JSONLines {
  /// Some records of a file that may be long.
  public struct Sample<Record> {
    /// The records, in order.
    public var records: [Record] = []
    /// The lines of the file.
    public var lineCount = 0
    /// Lines among those chosen that could not be understood.
    public var unreadable = 0

    /// No records.
    public init() {}

    /// Some records of a file of so many.
    public init(_ records: [Record], lineCount: Int, unreadable: Int = 0) {
      self.records = records
      self.lineCount = lineCount
      self.unreadable = unreadable
    }
  }

  /// Records of lines spread evenly over a file, all of them where there are no more than `limit`.
  ///
  /// Other lines are not decoded, so that a file of a million lines takes seconds. Empty where there is no file.
  ///
  /// - Parameters:
  ///   - type: What a line holds.
  ///   - path: The file.
  ///   - limit: So many records at most.
  ///   - window: The part of the file that lines are taken from, as shares of its lines.
  /// - Throws: `RecordError` when the file cannot be read.
  public static func sample<Record: Decodable>(
    _ type: Record.Type, from path: String, limit: Int, window: ClosedRange<Double> = 0...1
  ) throws(RecordError) -> Sample<Record> {
    guard FileManager.default.fileExists(atPath: path) else { return Sample() }
    let data = try mapped(path)
    let lines = lineRanges(of: data)
    let last = min(lines.count, Int((window.upperBound * Double(lines.count)).rounded(.up)))
    let first = min(last, max(0, Int(window.lowerBound * Double(lines.count))))
    let count = min(limit, last - first)
    let decoder = decoder
    let records = (0..<count).map { place in
      try? decoder.decode(type, from: data[lines[first + (last - first) * place / count]])
    }
    let readable = records.compactMap { $0 }
    return Sample(readable, lineCount: lines.count, unreadable: count - readable.count)
  }

  /// Hands the records of a file that may be long to `body`, some at a time, in order; nothing where there is no file.
  ///
  /// - Returns: How many lines could not be understood.
  /// - Throws: `RecordError` when the file cannot be read; what `body` throws.
  public static func forEachPart<Record: Decodable>(
    of path: String, _ type: Record.Type, size: Int = 1000, _ body: ([Record]) throws(RecordError) -> Void
  ) throws(RecordError) -> Int {
    guard FileManager.default.fileExists(atPath: path) else { return 0 }
    let data = try mapped(path)
    let lines = lineRanges(of: data)
    let decoder = decoder
    var unreadable = 0
    for start in stride(from: 0, to: lines.count, by: size) {
      let part = lines[start..<min(start + size, lines.count)]
      let records = part.compactMap { try? decoder.decode(type, from: data[$0]) }
      unreadable += part.count - records.count
      try body(records)
    }
    return unreadable
  }

  private static func mapped(_ path: String) throws(RecordError) -> Data {
    do {
      return try Data(contentsOf: URL(filePath: path), options: .mappedIfSafe)
    } catch {
      throw RecordError(FileError(error, path: path, action: .read))
    }
  }

  /// The lines that have an end, without it.
  private static func lineRanges(of data: Data) -> [Range<Int>] {
    data.withUnsafeBytes { bytes in
      var ranges: [Range<Int>] = []
      guard let base = bytes.baseAddress else { return ranges }
      var start = 0
      while start < bytes.count, let end = memchr(base + start, Int32(newline), bytes.count - start) {
        let place = end - UnsafeMutableRawPointer(mutating: base)
        if place > start { ranges.append(start..<place) }
        start = place + 1
      }
      return ranges
    }
  }
}
