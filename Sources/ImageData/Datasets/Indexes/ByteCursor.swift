/// Bytes that end too early, or hold what their writer cannot have written.
struct MalformedBytes: Error {}

/// Reads little-endian numbers and names from bytes, and never beyond their end.
struct ByteCursor {
  private let bytes: UnsafeRawBufferPointer
  private var position = 0

  /// Begins at the first of `bytes`, which must outlive the cursor.
  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  /// The next `count` bytes, where they are.
  mutating func take(_ count: Int) throws(MalformedBytes) -> UnsafeRawBufferPointer {
    guard count >= 0, count <= bytes.count - position else { throw MalformedBytes() }
    defer { position += count }
    return UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
  }

  /// The next number.
  mutating func number<Number: FixedWidthInteger & BitwiseCopyable>(
    _ type: Number.Type = Number.self
  ) throws(MalformedBytes) -> Number {
    Number(littleEndian: try take(MemoryLayout<Number>.size).loadUnaligned(as: type))
  }

  /// The next `count` numbers.
  mutating func numbers<Number: FixedWidthInteger & BitwiseCopyable>(
    _ count: Int, of type: Number.Type = Number.self
  ) throws(MalformedBytes) -> [Number] {
    let size = MemoryLayout<Number>.size
    guard count >= 0, count <= (bytes.count - position) / size else { throw MalformedBytes() }
    let source = try take(count * size)
    return [Number](unsafeUninitializedCapacity: count) { buffer, initialized in
      for index in 0..<count {
        buffer[index] = Number(littleEndian: source.loadUnaligned(fromByteOffset: index * size, as: type))
      }
      initialized = count
    }
  }

  /// The next number of bytes, as `Array.append(name:)` writes it, and as many bytes of text.
  mutating func name() throws(MalformedBytes) -> String {
    String(decoding: try take(Int(number(UInt32.self))), as: UTF8.self)
  }

  /// Makes sure that nothing is left.
  func expectEnd() throws(MalformedBytes) {
    guard position == bytes.count else { throw MalformedBytes() }
  }
}

extension [UInt8] {
  /// Appends a number as little-endian bytes.
  mutating func append<Number: FixedWidthInteger & BitwiseCopyable>(number: Number) {
    Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
  }

  /// Appends numbers as little-endian bytes.
  mutating func append<Number: FixedWidthInteger & BitwiseCopyable>(numbers: [Number]) {
    numbers.map(\.littleEndian).withUnsafeBytes { append(contentsOf: $0) }
  }

  /// Appends the number of a text's bytes, in four bytes, and the text.
  mutating func append(name: String) {
    append(number: UInt32(name.utf8.count))
    append(contentsOf: name.utf8)
  }
}
