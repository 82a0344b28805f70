/// A message in the encoding of protocol buffers, as far as event files need it.
///
/// Event files use a handful of fields that have not changed in ten years. A generator and its runtime would take longer
/// to build than all rooms below the engine; a test has TensorBoard read the result.
struct ProtobufMessage {
  private(set) var bytes: [UInt8] = []

  private enum WireType: UInt64 {
    case varint = 0
    case fixed64 = 1
    case lengthDelimited = 2
    case fixed32 = 5
  }

  mutating func add(_ field: UInt64, _ value: Int) {
    tag(field, .varint)
    varint(UInt64(bitPattern: Int64(value)))
  }

  mutating func add(_ field: UInt64, _ value: Double) {
    tag(field, .fixed64)
    fixed(value.bitPattern)
  }

  mutating func add(_ field: UInt64, _ value: Float) {
    tag(field, .fixed32)
    fixed(value.bitPattern)
  }

  mutating func add(_ field: UInt64, _ value: some Collection<UInt8>) {
    tag(field, .lengthDelimited)
    varint(UInt64(value.count))
    bytes += value
  }

  mutating func add(_ field: UInt64, _ message: ProtobufMessage) { add(field, message.bytes) }

  private mutating func tag(_ field: UInt64, _ type: WireType) { varint(field << 3 | type.rawValue) }

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(rest & 0x7f) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  private mutating func fixed(_ value: some FixedWidthInteger) {
    withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
  }
}
