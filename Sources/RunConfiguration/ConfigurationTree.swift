/// A configuration before it is typed: what a YAML document holds.
public indirect enum ConfigurationTree: Sendable, Equatable {
  /// No value.
  case null
  /// `true` or `false`.
  case bool(Bool)
  /// A whole number.
  case integer(Int)
  /// Any other number.
  case number(Double)
  /// Text.
  case string(String)
  /// Values in order.
  case list([ConfigurationTree])
  /// Values under keys, each key once, in order of appearance.
  case mapping([(key: String, value: ConfigurationTree)])

  /// No settings.
  public static let empty = ConfigurationTree.mapping([])

  /// Whether two trees hold the same values; the order of keys and the spelling of numbers (1, 1.0) do not count.
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

// MARK: - Reading

extension ConfigurationTree {
  /// The subtree at a dotted path, such as `views.crop`; nil when there is none.
  public subscript(path: String) -> ConfigurationTree? {
    var tree = self
    for key in path.split(separator: ".") {
      guard let next = tree.value(of: String(key)) else { return nil }
      tree = next
    }
    return tree
  }

  /// The text at a dotted path; nil when there is none.
  public func string(at path: String) -> String? {
    if case .string(let text) = self[path] { text } else { nil }
  }

  /// The value of one of the tree's own keys.
  func value(of key: String) -> ConfigurationTree? {
    guard case .mapping(let entries) = self else { return nil }
    return entries.first { $0.key == key }?.value
  }

  /// What kind of value this is, in words.
  var kind: String {
    switch self {
    case .null: "nothing"
    case .bool(let flag): "\(flag)"
    case .integer, .number: "the number \(scalarText)"
    case .string(let text): "the text \"\(text)\""
    case .list: "a list"
    case .mapping: "a section"
    }
  }
}

// MARK: - Changing

extension ConfigurationTree {
  /// The tree without one of its own keys.
  public func removing(_ key: String) -> ConfigurationTree {
    guard case .mapping(let entries) = self else { return self }
    return .mapping(entries.filter { $0.key != key })
  }

  /// The tree with only some of its own keys.
  public func keeping(_ keys: [String]) -> ConfigurationTree {
    guard case .mapping(let entries) = self else { return self }
    return .mapping(entries.filter { keys.contains($0.key) })
  }

  /// The tree with all keys in snake case, as JSON files of Swift properties lack.
  public var withSnakeCaseKeys: ConfigurationTree {
    guard case .mapping(let entries) = self else { return self }
    return .mapping(entries.map { (snakeCased($0.key), $0.value.withSnakeCaseKeys) })
  }

  /// Puts a value at a dotted path, making sections on the way; what stood there before is replaced.
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

  /// The tree with another laid over it: sections merge key by key, all else is replaced.
  ///
  /// New keys come last. Nothing laid over a section changes nothing, so that a YAML file may have a section whose lines
  /// are all commented out.
  public func merging(_ other: ConfigurationTree) -> ConfigurationTree {
    guard case .mapping(var entries) = self else { return other }
    if case .null = other { return self }
    guard case .mapping(let others) = other else { return other }
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
