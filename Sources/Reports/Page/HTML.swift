/// A piece of a page.
///
/// Texts that are interpolated into it are escaped; other pieces stay as they are.
public struct HTML: ExpressibleByStringInterpolation, Sendable, Equatable {
  /// The source.
  public private(set) var source: String

  /// A piece that is HTML already.
  public init(stringLiteral source: String) {
    self.source = source
  }

  /// Puts a piece together.
  public init(stringInterpolation: Interpolation) {
    source = stringInterpolation.source
  }

  /// Text that is shown as it is, whatever it contains.
  init(text: String) {
    source = Self.escaped(text)
  }

  /// Pieces one after the other.
  init(_ pieces: some Sequence<HTML>) {
    source = pieces.map(\.source).joined()
  }

  /// Nothing.
  static let empty: HTML = ""

  static func + (left: HTML, right: HTML) -> HTML { HTML([left, right]) }

  static func += (left: inout HTML, right: HTML) { left.source += right.source }

  /// Collects the parts of a literal.
  public struct Interpolation: StringInterpolationProtocol {
    fileprivate var source = ""

    /// Begins a literal.
    public init(literalCapacity: Int, interpolationCount: Int) { source.reserveCapacity(2 * literalCapacity) }
    /// What the author wrote.
    public mutating func appendLiteral(_ literal: String) { source += literal }
    /// A piece of the page.
    public mutating func appendInterpolation(_ piece: HTML) { source += piece.source }
    /// Anything else, escaped.
    public mutating func appendInterpolation(_ value: some CustomStringConvertible) {
      source += HTML.escaped(value.description)
    }
  }

  /// Characters that mean something in HTML, or nothing in any text, are written as references.
  private static func escaped(_ text: String) -> String {
    var result = ""
    result.reserveCapacity(text.utf8.count)
    for character in text.unicodeScalars {
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      case "\0"..<"\t", "\u{0B}", "\u{0C}", "\u{0E}"..<" ", "\u{7F}": result += "\u{FFFD}"
      default: result.unicodeScalars.append(character)
      }
    }
    return result
  }
}
