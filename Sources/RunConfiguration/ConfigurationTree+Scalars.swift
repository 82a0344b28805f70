extension ConfigurationTree {
  /// The value of a plain scalar by the core schema of YAML 1.2, where `1e-3` is a number and `yes` is text.
  init(plainScalar text: String) {
    switch text {
    case "", "~", "null", "Null", "NULL": self = .null
    case "true", "True", "TRUE": self = .bool(true)
    case "false", "False", "FALSE": self = .bool(false)
    case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF": self = .number(.infinity)
    case "-.inf", "-.Inf", "-.INF": self = .number(-.infinity)
    case ".nan", ".NaN", ".NAN": self = .number(.nan)
    default: self = Self.decimal(text) ?? Self.prefixed(text) ?? .string(text)
    }
  }

  private static func decimal(_ text: String) -> ConfigurationTree? {
    guard text.wholeMatch(of: /[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?/) != nil else { return nil }
    // Whole numbers beyond 64 bits are numbers too. Swift wants a digit after the point; YAML does not.
    return Int(text).map { .integer($0) } ?? Double(text.replacing(/\.(?=[eE]|$)/, with: "")).map { .number($0) }
  }

  private static func prefixed(_ text: String) -> ConfigurationTree? {
    let digits = String(text.dropFirst(2))
    guard digits.first?.isHexDigit == true else { return nil }
    let radix = text.hasPrefix("0x") ? 16 : text.hasPrefix("0o") ? 8 : nil
    return radix.flatMap { Int(digits, radix: $0) }.map { .integer($0) }
  }

  /// A scalar as YAML writes it; text without quotes.
  var scalarText: String {
    switch self {
    case .null: "null"
    case .bool(let flag): "\(flag)"
    case .integer(let number): "\(number)"
    case .number(let number):
      number.isNaN ? ".nan" : number.isInfinite ? (number < 0 ? "-.inf" : ".inf") : "\(number)"
    case .string(let text): text
    case .list, .mapping: preconditionFailure("\(kind) is not a scalar")
    }
  }
}
