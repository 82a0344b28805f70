/// Many names in two arrays, so that a million of them take no million allocations.
struct NameTable: Equatable, Sendable {
  private var bytes: [UInt8] = []
  /// Where in `bytes` each name ends.
  private var ends: [Int] = []

  /// A table without names.
  init() {}

  /// How many names there are.
  var count: Int { ends.count }

  /// The name at `index`.
  subscript(index: Int) -> String {
    String(decoding: bytes[(index == 0 ? 0 : ends[index - 1])..<ends[index]], as: UTF8.self)
  }

  /// Adds a name that is made of parts, such as a folder and a file in it.
  mutating func append(_ parts: String...) {
    for part in parts { bytes.append(contentsOf: part.utf8) }
    ends.append(bytes.count)
  }

  /// Adds all names of another table.
  mutating func append(contentsOf other: NameTable) {
    let start = bytes.count
    bytes += other.bytes
    ends += other.ends.map { $0 + start }
  }

  /// Reads what `encode(into:)` wrote, with `count` names.
  init(count: Int, from cursor: inout ByteCursor) throws(MalformedBytes) {
    ends = try cursor.numbers(count)
    guard zip([0] + ends, ends).allSatisfy({ $0 <= $1 }) else { throw MalformedBytes() }
    bytes = [UInt8](try cursor.take(ends.last ?? 0))
  }

  /// Appends the table, without the number of its names.
  func encode(into output: inout [UInt8]) {
    output.append(numbers: ends)
    output += bytes
  }
}
