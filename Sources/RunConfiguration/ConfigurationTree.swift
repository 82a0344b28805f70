import Foundation
import Yams

/// A YAML document as a value: what a configuration is before it is typed.
public indirect enum ConfigurationTree: Sendable, Equatable {
  case null
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
  case list([ConfigurationTree])
  /// Keys in order of appearance.
  case mapping([(key: String, value: ConfigurationTree)])

  /// No settings.
  public static let empty = ConfigurationTree.mapping([])

  /// Whether two trees hold the same values; the order of keys does not count.
  public static func == (left: ConfigurationTree, right: ConfigurationTree) -> Bool {
    switch (left, right) {
    case (.null, .null): true
    case (.bool(let a), .bool(let b)): a == b
    case (.integer(let a), .integer(let b)): a == b
    case (.number(let a), .number(let b)): a == b
    case (.integer(let a), .number(let b)), (.number(let b), .integer(let a)): Double(a) == b
    case (.string(let a), .string(let b)): a == b
    case (.list(let a), .list(let b)): a == b
    case (.mapping(let a), .mapping(let b)):
      a.count == b.count && a.allSatisfy { entry in b.contains { $0.key == entry.key && $0.value == entry.value } }
    default: false
    }
  }
}

// MARK: - Access

extension ConfigurationTree {
  /// The subtree at a dotted path; nil when there is none.
  public subscript(path: String) -> ConfigurationTree? {
    var tree = self
    for key in path.split(separator: ".") {
      guard case .mapping(let entries) = tree, let next = entries.first(where: { $0.key == key }) else { return nil }
      tree = next.value
    }
    return tree
  }

  /// The text at a dotted path; nil when there is none.
  public func string(at path: String) -> String? {
    if case .string(let text) = self[path] { text } else { nil }
  }

  /// The tree without one of its own keys.
  public func removing(_ key: String) -> ConfigurationTree {
    guard case .mapping(let entries) = self else { return self }
    return .mapping(entries.filter { $0.key != key })
  }

  /// Puts a value at a dotted path, making mappings on the way.
  public mutating func set(_ value: ConfigurationTree, at path: String) {
    let keys = path.split(separator: ".", maxSplits: 1).map(String.init)
    guard let key = keys.first else {
      self = value
      return
    }
    var entries: [(key: String, value: ConfigurationTree)] = []
    if case .mapping(let existing) = self { entries = existing }
    let position = entries.firstIndex { $0.key == key } ?? entries.count
    if position == entries.count { entries.append((key, .empty)) }
    if keys.count == 1 {
      entries[position].value = value
    } else {
      entries[position].value.set(value, at: keys[1])
    }
    self = .mapping(entries)
  }

  /// Carries out an assignment such as `training.epochs=200` or `views.crop.scale=[0.2, 1]`.
  /// - Throws: `ConfigurationError` when it is not of that form.
  public mutating func set(_ assignment: String) throws(ConfigurationError) {
    guard let equals = assignment.firstIndex(of: "="), equals != assignment.startIndex else {
      throw ConfigurationError(path: assignment, problem: .malformedAssignment)
    }
    let path = String(assignment[..<equals])
    guard path.split(separator: ".", omittingEmptySubsequences: false).allSatisfy({ !$0.isEmpty }) else {
      throw ConfigurationError(path: assignment, problem: .malformedAssignment)
    }
    let text = String(assignment[assignment.index(after: equals)...])
    set(try ConfigurationTree(yamlValue: text, source: assignment), at: path)
  }

  /// The tree with another laid over it: mappings merge key by key, all else is replaced.
  public func merging(_ other: ConfigurationTree) -> ConfigurationTree {
    guard case .mapping(var entries) = self, case .mapping(let others) = other else { return other }
    for (key, value) in others {
      if let position = entries.firstIndex(where: { $0.key == key }) {
        entries[position].value = entries[position].value.merging(value)
      } else {
        entries.append((key, value))
      }
    }
    return .mapping(entries)
  }
}

// MARK: - YAML

extension ConfigurationTree {
  /// Reads a YAML file that holds a mapping.
  /// - Throws: `ConfigurationError` naming the file, and line and column of a mistake.
  public init(contentsOf path: String) throws(ConfigurationError) {
    let text: String
    do {
      text = try String(contentsOfFile: path, encoding: .utf8)
    } catch {
      let exists = FileManager.default.fileExists(atPath: path)
      throw ConfigurationError(path: path, problem: .unreadable(exists ? "it is no UTF-8 text" : "there is no such file"))
    }
    try self.init(yaml: text, source: path)
  }

  /// Reads YAML text that holds a mapping; `source` names it in errors.
  public init(yaml: String, source: String) throws(ConfigurationError) {
    let tree = try ConfigurationTree(yamlValue: yaml, source: source)
    switch tree {
    case .mapping: self = tree
    case .null: self = .empty
    default:
      throw ConfigurationError(path: source, problem: .wrongType(expected: "keys with values", found: tree.kind))
    }
  }

  /// Reads any YAML value.
  init(yamlValue text: String, source: String) throws(ConfigurationError) {
    do {
      guard let node = try compose(yaml: text) else {
        self = .null
        return
      }
      try self.init(node, source: source)
    } catch let error as ConfigurationError {
      throw error
    } catch {
      let reason = (error as? YamlError).map { "\($0)" } ?? error.localizedDescription
      let lines = reason.split(separator: "\n").prefix(2).joined(separator: " ")
      throw ConfigurationError(path: source, problem: .syntax("not valid YAML: \(lines)"))
    }
  }

  private init(_ node: Node, source: String) throws(ConfigurationError) {
    switch node {
    case .scalar(let scalar):
      self = Self.scalar(scalar)
    case .sequence(let sequence):
      var list: [ConfigurationTree] = []
      for element in sequence { list.append(try ConfigurationTree(element, source: source)) }
      self = .list(list)
    case .mapping(let mapping):
      var entries: [(key: String, value: ConfigurationTree)] = []
      for (key, value) in mapping {
        let name = key.scalar?.string ?? ""
        guard !entries.contains(where: { $0.key == name }) else {
          let line = key.mark.map { ", line \($0.line)" } ?? ""
          throw ConfigurationError(path: source + line, problem: .syntax("the key '\(name)' stands there twice"))
        }
        entries.append((name, try ConfigurationTree(value, source: source)))
      }
      self = .mapping(entries)
    case .alias(let alias):
      throw ConfigurationError(path: source, problem: .syntax("the alias '\(alias.anchor.rawValue)' is not supported"))
    }
  }

  private static func scalar(_ scalar: Node.Scalar) -> ConfigurationTree {
    let text = scalar.string
    guard scalar.style == .plain || scalar.style == .any else { return .string(text) }
    switch text {
    case "", "~", "null", "Null", "NULL": return .null
    case "true", "True", "TRUE": return .bool(true)
    case "false", "False", "FALSE": return .bool(false)
    case ".inf", "+.inf": return .number(.infinity)
    case "-.inf": return .number(-.infinity)
    case ".nan": return .number(.nan)
    default: break
    }
    if let integer = Int(text) { return .integer(integer) }
    // Only digits begin a number, so that words such as "nan", "infinity" and "0x…" stay text.
    let digits = text.drop { $0 == "+" || $0 == "-" || $0 == "." }
    if digits.first?.isASCII == true, digits.first?.isNumber == true, !text.contains("x"), let number = Double(text) {
      return .number(number)
    }
    return .string(text)
  }

  /// The tree as YAML, keys in their order.
  public var yaml: String {
    (try? serialize(node: node, width: -1, sortKeys: false)) ?? ""
  }

  private var node: Node {
    switch self {
    case .null: return Node("null")
    case .bool(let flag): return Node(flag ? "true" : "false")
    case .integer(let number): return Node("\(number)")
    case .number(let number): return Node(Self.text(of: number))
    case .string(let text):
      let readsBack = Self.scalar(.init(text, Tag(.implicit), .plain)) == .string(text)
      return .scalar(.init(text, Tag(.str), readsBack ? .any : .doubleQuoted))
    case .list(let elements):
      return .sequence(.init(elements.map(\.node), Tag(.implicit), .flow))
    case .mapping(let entries):
      return .mapping(.init(entries.map { (Node($0.key), $0.value.node) }, Tag(.implicit), .block))
    }
  }

  private static func text(of number: Double) -> String {
    if number.isNaN { return ".nan" }
    if number.isInfinite { return number < 0 ? "-.inf" : ".inf" }
    return "\(number)"
  }

  /// What kind of value this is, in words.
  var kind: String {
    switch self {
    case .null: "nothing"
    case .bool(let flag): "the truth value \(flag)"
    case .integer(let number): "the number \(number)"
    case .number(let number): "the number \(number)"
    case .string(let text): "the text \"\(text)\""
    case .list: "a list"
    case .mapping: "keys with values"
    }
  }
}
