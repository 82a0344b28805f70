/// A number of bytes as configurations write it: `8GB`, `500MiB`, `1.5 GB`.
struct MemorySize: Sendable, Equatable, CustomStringConvertible {
  /// Bytes, above zero.
  let bytes: Int

  private static let units = [
    "B": 1.0, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "KIB": 0x1p10, "MIB": 0x1p20,
    "GIB": 0x1p30, "TIB": 0x1p40,
  ]

  /// Reads a number and a unit; nil where they are something else.
  init?(_ text: String) {
    let text = text.uppercased().filter { !$0.isWhitespace }
    let number = text.prefix { $0.isNumber || $0 == "." }
    guard let value = Double(number), let unit = Self.units[String(text.dropFirst(number.count))],
      value * unit >= 1, value * unit < 1e18
    else { return nil }
    bytes = Int(value * unit)
  }

  /// So many bytes.
  init(bytes: Int) {
    self.bytes = bytes
  }

  /// In GB, or MB where that is less than one.
  var description: String {
    let (value, unit) =
      bytes < 1_000_000_000 ? (Double(bytes) / 1e6, "MB") : (Double(bytes) / 1e9, "GB")
    return "\((value * 10).rounded() / 10) \(unit)"
  }
}
