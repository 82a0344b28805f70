import CZlib

/// A CRC-32.
///
/// That of a whole safetensors file is kept in its own metadata, taken over every byte with zeros for its own digits.
package struct Checksum {
  /// The key among the metadata.
  static let key = "checksum"
  /// What stands there until the file is complete.
  static let blank = "crc32:00000000"
  private static let digitCount = 8

  private var value = crc32_z(0, nil, 0)

  /// The checksum of no bytes.
  package init() {}

  /// Goes on with more bytes.
  package mutating func add(_ bytes: UnsafeRawBufferPointer) {
    guard let base = bytes.bindMemory(to: UInt8.self).baseAddress else { return }
    value = crc32_z(value, base, bytes.count)
  }

  /// Eight hexadecimal digits.
  package var digits: String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: Self.digitCount - text.count) + text
  }

  /// Where the digits stand in a header as it is written here; nil where there are none.
  static func digits(in header: UnsafeRawBufferPointer) -> Range<Int>? {
    let mark = Array("\"\(key)\":\"crc32:".utf8)
    var start = 0
    while start + mark.count + digitCount <= header.count {
      if header[start] == mark[0], header[start..<start + mark.count].elementsEqual(mark) {
        return start + mark.count..<start + mark.count + digitCount
      }
      start += 1
    }
    return nil
  }
}
