/// Lines of comma-separated values (RFC 4180).
public enum CSV {
  /// A line with its end; fields that hold commas, quotes or line breaks are quoted.
  public static func line(_ fields: some Sequence<String>) -> String {
    fields.map(field).joined(separator: ",") + "\n"
  }

  private static func field(_ text: String) -> String {
    // A carriage return with a line feed is a character of its own.
    guard text.contains(where: { ",\"\n\r\r\n".contains($0) }) else { return text }
    return "\"\(text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\""))\""
  }
}
