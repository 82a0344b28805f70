import Foundation
import RunConfiguration
import TestSupport
import Testing

@Suite struct YAMLTests {
  private func value(_ text: String) throws -> ConfigurationTree? {
    try ConfigurationTree(yaml: "key: \(text)", source: "")["key"]
  }

  private func message(_ yaml: String) -> String? {
    #expect(throws: ConfigurationError.self) { try ConfigurationTree(yaml: yaml, source: "run.yaml") }?.description
  }

  @Test(
    arguments: [
      ("", .null), ("~", .null), ("null", .null), ("true", .bool(true)), ("False", .bool(false)),
      ("12", .integer(12)), ("-3", .integer(-3)), ("+3", .integer(3)), ("010", .integer(10)), ("0x1F", .integer(31)),
      ("0o17", .integer(15)), ("1.5", .number(1.5)), ("1e-3", .number(0.001)), ("1E+3", .number(1000)),
      (".5", .number(0.5)), ("5.", .number(5)), ("5.e1", .number(50)), ("-.inf", .number(-.infinity)),
      ("99999999999999999999", .number(1e20)), ("yes", .string("yes")), ("on", .string("on")), ("nan", .string("nan")),
      ("inf", .string("inf")), ("1_000", .string("1_000")), ("1:30", .string("1:30")), ("0x", .string("0x")),
      ("2024-01-02", .string("2024-01-02")), ("\"12\"", .string("12")), ("'true'", .string("true")),
      ("!!str 12", .string("12")), ("one two", .string("one two")), ("e5", .string("e5")), ("1e", .string("1e")),
      ("[0.2, 1]", .list([.number(0.2), .integer(1)])), ("{a: }", .mapping([("a", .null)])),
      ("&x [1]", .list([.integer(1)])),
    ] as [(String, ConfigurationTree)])
  func scalarsFollowTheCoreSchema(text: String, expected: ConfigurationTree) throws {
    #expect(try value(text) == expected)
  }

  @Test func notANumberIsOne() throws {
    guard case .number(let number)? = try value(".nan") else {
      Issue.record(".nan is not read as a number")
      return
    }
    #expect(number.isNaN)
  }

  @Test func keysKeepTheirOrderAndAliasesTheirValue() throws {
    let tree = try ConfigurationTree(yaml: "z: &one {b: 1}\na: *one\n", source: "")
    guard case .mapping(let entries) = tree else {
      Issue.record("not a section")
      return
    }
    #expect(entries.map(\.key) == ["z", "a"])
    #expect(tree["a.b"] == .integer(1))
    #expect(try ConfigurationTree(yaml: "# nothing\n", source: "") == .empty)
  }

  @Test func mistakesNameFileLineAndColumn() {
    #expect(
      message("a: 1\nb: [1, 2\nc: 3\n")
        == "run.yaml, line 3, column 2: not valid YAML: did not find expected ',' or ']' "
        + "(while parsing a flow sequence, line 2).")
    #expect(
      message("a:\n\t- 1")
        == "run.yaml, line 2, column 1: not valid YAML: found character that cannot start any token "
        + "(while scanning for the next token, line 2).")
    #expect(message("a: *b")?.hasPrefix("run.yaml, line 1, column 4: not valid YAML: found undefined alias") == true)
    #expect(message("a: 1\n---\nb: 2")?.hasPrefix("run.yaml, line 2, column 1: not valid YAML: ") == true)
    #expect(
      message("a: {b: 1,\n  c: 2, b: 3}")
        == "run.yaml, line 1, column 5: not valid YAML: the key 'b' is given twice in one section.")
    #expect(
      message("a: {b: 1, \"b\": 3}")
        == "run.yaml, line 1, column 5: not valid YAML: the key 'b' is given twice in one section.")
    #expect(message("[1]: 2") == "run.yaml, line 1, column 1: not valid YAML: a key must be a word.")
    #expect(message("a: \u{1}") == "run.yaml: not valid YAML: control characters are not allowed.")
    #expect(message("- 1") == "run.yaml: expected keys with values, found a list.")
    #expect(message("word") == "run.yaml: expected keys with values, found the text \"word\".")
  }

  @Test func hugeAndDeepTextsAreErrors() {
    let aliases = (1...9).map { "a\($0): [\(Array(repeating: "*a\($0 - 1)", count: 10).joined(separator: ","))]" }
    #expect(message((["a0: &a0 [1]"] + aliases).joined(separator: "\n")) != nil)
    let bomb = (1...9).map { "a\($0): &a\($0) [\(Array(repeating: "*a\($0 - 1)", count: 10).joined(separator: ","))]" }
    #expect(message((["a0: &a0 [1]"] + bomb).joined(separator: "\n"))?.contains("it holds too many values") == true)
    #expect(message("a: " + String(repeating: "[", count: 100_000)) != nil)
  }

  @Test func filesAreRead() throws {
    try withTemporaryDirectory { folder in
      let path = "\(folder)/x.yaml"
      try Data("a: ü\n".utf8).write(to: URL(filePath: path))
      let tree = try ConfigurationTree(contentsOf: path)
      #expect(tree.string(at: "a") == "ü")
      try Data([0x61, 0x3A, 0x20, 0xFF]).write(to: URL(filePath: path))
      func message(_ path: String) -> String? {
        #expect(throws: ConfigurationError.self) { try ConfigurationTree(contentsOf: path) }?.description
      }
      #expect(message(path) == "\(path): cannot be read: it is not UTF-8 text.")
      #expect(message("\(folder)/y") == "\(folder)/y: cannot be read: there is no such file.")
      #expect(message(folder) == "\(folder): cannot be read: it is a folder, or may not be read.")
    }
  }
}

@Suite struct RenderingTests {
  @Test(arguments: [
    "", " ", "~", "null", "true", "12", "1e-3", ".inf", "0x1F", "yes", "a: b", "# a", "- a", "a\nb", "\t", "ü “x”", "'",
    "\"",
    "a # b", "[a]", "{a}", "*a", "&a", "!a", "%a", "@a", "`a`", "a:", "a\\n", "\u{1F600}", "\u{7}", "2024-01-02",
    String(repeating: "long ", count: 60), "trailing ",
  ])
  func textReadsBackAsText(text: String) throws {
    for tree in [
      ConfigurationTree.mapping([("key", .string(text))]), .mapping([("key", .list([.string(text), .integer(1)]))]),
      .mapping([(text, .string("value"))]),
    ] {
      #expect(try ConfigurationTree(yaml: tree.yaml, source: "") == tree)
    }
  }

  @Test(arguments: [0.1, 1, -2.5, 1e-10, 1e300, 5e-324, .infinity, -.infinity, 1.0 / 3, 123456789012345680])
  func numbersReadBackExactly(number: Double) throws {
    let tree = ConfigurationTree.mapping([("key", .number(number))])
    #expect(try ConfigurationTree(yaml: tree.yaml, source: "") == tree)
  }

  @Test func emptyPartsReadBack() throws {
    let tree = ConfigurationTree.mapping([
      ("a", .mapping([])), ("b", .list([])), ("c", .null), ("d", .list([.list([]), .mapping([("e", .bool(false))])])),
    ])
    #expect(tree.yaml == "a: {}\nb: []\nc: null\nd: [[], {e: false}]\n")
    #expect(try ConfigurationTree(yaml: tree.yaml, source: "") == tree)
  }
}
