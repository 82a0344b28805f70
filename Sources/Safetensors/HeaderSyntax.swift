/// JSON as the header holds it, keys in order and repeated ones kept, so that a repeated name is noticed.
enum HeaderValue {
  case string(String)
  case integer(Int)
  case list([HeaderValue])
  case object([Field])
  /// Null, a truth value, or a number that is no 64-bit integer: the format uses none of them.
  case other

  /// A key of an object with its value.
  struct Field {
    let key: String
    let value: HeaderValue
  }
}

/// Text that is not JSON.
struct HeaderSyntaxError: Error {
  let reason: String
  let offset: Int
}

/// Reads one JSON value from bytes.
struct HeaderParser {
  private let bytes: UnsafeRawBufferPointer
  private var position = 0

  /// Reads the value; only white space may follow it.
  static func parse(_ bytes: UnsafeRawBufferPointer) throws(HeaderSyntaxError) -> HeaderValue {
    var parser = HeaderParser(bytes: bytes)
    let value = try parser.value(depth: 0)
    parser.skipSpace()
    guard parser.position == bytes.count else { throw parser.error("unexpected text after the value") }
    return value
  }

  private init(bytes: UnsafeRawBufferPointer) {
    self.bytes = bytes
  }

  private func error(_ reason: String) -> HeaderSyntaxError {
    HeaderSyntaxError(reason: reason, offset: position)
  }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { position += 1 }
  }

  /// Takes `character`, perhaps after white space, if it comes next.
  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard next == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func require(_ character: Unicode.Scalar) throws(HeaderSyntaxError) {
    guard take(character) else { throw error("expected '\(character)'") }
  }

  private mutating func value(depth: Int) throws(HeaderSyntaxError) -> HeaderValue {
    // The format needs three levels; the limit keeps hostile nesting off the stack.
    guard depth < 32 else { throw error("nested too deeply") }
    skipSpace()
    switch next {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try list(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    default: return try word()
    }
  }

  private mutating func object(depth: Int) throws(HeaderSyntaxError) -> HeaderValue {
    try require("{")
    var fields: [HeaderValue.Field] = []
    guard !take("}") else { return .object(fields) }
    repeat {
      skipSpace()
      let key = try string()
      try require(":")
      fields.append(HeaderValue.Field(key: key, value: try value(depth: depth + 1)))
    } while take(",")
    try require("}")
    return .object(fields)
  }

  private mutating func list(depth: Int) throws(HeaderSyntaxError) -> HeaderValue {
    try require("[")
    var elements: [HeaderValue] = []
    guard !take("]") else { return .list(elements) }
    repeat { elements.append(try value(depth: depth + 1)) } while take(",")
    try require("]")
    return .list(elements)
  }

  /// A number, `true`, `false` or `null`.
  private mutating func word() throws(HeaderSyntaxError) -> HeaderValue {
    let start = position
    while let byte = next, !" \t\n\r,:[]{}\"".utf8.contains(byte) { position += 1 }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if let integer = Int(text), !text.hasPrefix("+") { return .integer(integer) }
    guard ["true", "false", "null"].contains(text) || Double(text) != nil else {
      position = start
      throw error("expected a value")
    }
    return .other
  }

  private mutating func string() throws(HeaderSyntaxError) -> String {
    guard next == UInt8(ascii: "\"") else { throw error("expected '\"'") }
    position += 1
    var text: [UInt8] = []
    while let byte = next {
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let string = String(validating: text, as: UTF8.self) else { throw error("text is not UTF-8") }
        return string
      case UInt8(ascii: "\\"): text += try escape().utf8
      case ..<0x20: throw error("control character in text")
      default: text.append(byte)
      }
    }
    throw error("text without an end")
  }

  /// What follows a backslash.
  private mutating func escape() throws(HeaderSyntaxError) -> String {
    guard let byte = next else { throw error("text without an end") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return String(UnicodeScalar(byte))
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      var units = [try codeUnit()]
      if UTF16.isLeadSurrogate(units[0]), next == UInt8(ascii: "\\") {
        position += 1
        guard next == UInt8(ascii: "u") else { throw error("half a surrogate pair") }
        position += 1
        units.append(try codeUnit())
      }
      guard let text = String(validating: units, as: UTF16.self) else { throw error("half a surrogate pair") }
      return text
    default: throw error("unknown escape")
    }
  }

  private mutating func codeUnit() throws(HeaderSyntaxError) -> UInt16 {
    guard position + 4 <= bytes.count,
      let unit = UInt16(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16)
    else { throw error("expected four hexadecimal digits") }
    position += 4
    return unit
  }
}

extension String {
  /// The text as a JSON string, quotes included.
  var quotedForHeader: String {
    var quoted = "\""
    for scalar in unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case ..<" ":
        let digits = String(scalar.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}
