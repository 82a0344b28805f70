/// Turns typed values into trees, keeping the order of declaration.
struct TreeEncoder: Encoder {
  /// A part of a tree that is being put together.
  final class Node {
    enum Content {
      case leaf(ConfigurationTree)
      case list([Node])
      case mapping([(key: String, node: Node)])
    }

    var content = Content.leaf(.empty)

    var tree: ConfigurationTree {
      switch content {
      case .leaf(let tree): tree
      case .list(let nodes): .list(nodes.map(\.tree))
      case .mapping(let entries): .mapping(entries.map { ($0.key, $0.node.tree) })
      }
    }

    /// A new node under a key.
    func child(_ key: any CodingKey) -> Node {
      var entries: [(key: String, node: Node)] = []
      if case .mapping(let existing) = content { entries = existing }
      let name = snakeCased(key.stringValue)
      precondition(!entries.contains { $0.key == name }, "Two properties have the configuration key \(name).")
      let node = Node()
      content = .mapping(entries + [(name, node)])
      return node
    }

    /// A new node at the end of a list.
    func element() -> Node {
      let node = Node()
      content = .list(elements + [node])
      return node
    }

    var elements: [Node] {
      if case .list(let nodes) = content { nodes } else { [] }
    }

    func put(_ value: some Encodable) throws {
      switch value {
      case let flag as Bool: content = .leaf(.bool(flag))
      case let text as String: content = .leaf(.string(text))
      case let number as Double: content = .leaf(.number(number))
      // By way of its text, since 0.1 in single precision has other digits in double precision.
      case let number as Float: content = .leaf(.number(Double("\(number)") ?? Double(number)))
      case let number as any BinaryInteger:
        content = .leaf(Int(exactly: number).map { .integer($0) } ?? .number(Double(number)))
      default: try value.encode(to: TreeEncoder(node: self))
      }
    }
  }

  let node: Node
  var codingPath: [any CodingKey] { [] }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  static func tree(of value: some Encodable) throws(ConfigurationError) -> ConfigurationTree {
    let node = Node()
    do {
      try node.put(value)
    } catch {
      throw ConfigurationError(path: "\(type(of: value))", problem: .invalid("cannot be written as YAML: \(error)"))
    }
    return node.tree
  }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    KeyedEncodingContainer(Keyed(node: node))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    node.content = .list([])
    return Unkeyed(node: node)
  }

  func singleValueContainer() -> any SingleValueEncodingContainer { Single(node: node) }
}

extension TreeEncoder {
  private struct Keyed<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let node: Node
    var codingPath: [any CodingKey] { [] }

    func encodeNil(forKey key: Key) { node.child(key).content = .leaf(.null) }
    func encode(_ value: some Encodable, forKey key: Key) throws { try node.child(key).put(value) }

    // Nil is written as null, so that the key is known. The requirements are one for each type, and a generic method
    // meets only the last of them.
    func encodeIfPresent(_ value: Bool?, forKey key: Key) throws { try put(value, key) }
    func encodeIfPresent(_ value: String?, forKey key: Key) throws { try put(value, key) }
    func encodeIfPresent(_ value: Double?, forKey key: Key) throws { try put(value, key) }
    func encodeIfPresent(_ value: Float?, forKey key: Key) throws { try put(value, key) }
    func encodeIfPresent(_ value: Int?, forKey key: Key) throws { try put(value, key) }
    func encodeIfPresent(_ value: Int8?, forKey key: Key) throws { try put(value, key) }
    func encodeIfPresent(_ value: Int16?, forKey key: Key) throws { try put(value, key) }
    func encodeIfPresent(_ value: Int32?, forKey key: Key) throws { try put(value, key) }
    func encodeIfPresent(_ value: Int64?, forKey key: Key) throws { try put(value, key) }
    func encodeIfPresent(_ value: UInt?, forKey key: Key) throws { try put(value, key) }
    func encodeIfPresent(_ value: UInt8?, forKey key: Key) throws { try put(value, key) }
    func encodeIfPresent(_ value: UInt16?, forKey key: Key) throws { try put(value, key) }
    func encodeIfPresent(_ value: UInt32?, forKey key: Key) throws { try put(value, key) }
    func encodeIfPresent(_ value: UInt64?, forKey key: Key) throws { try put(value, key) }
    func encodeIfPresent(_ value: (some Encodable)?, forKey key: Key) throws { try put(value, key) }
    private func put(_ value: (some Encodable)?, _ key: Key) throws {
      if let value { try encode(value, forKey: key) } else { encodeNil(forKey: key) }
    }

    func nestedContainer<Nested: CodingKey>(
      keyedBy type: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> {
      TreeEncoder(node: node.child(key)).container(keyedBy: type)
    }
    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
      TreeEncoder(node: node.child(key)).unkeyedContainer()
    }
    func superEncoder() -> any Encoder { preconditionFailure("Configurations are values, not classes.") }
    func superEncoder(forKey key: Key) -> any Encoder { superEncoder() }
  }

  private struct Unkeyed: UnkeyedEncodingContainer {
    let node: Node
    var codingPath: [any CodingKey] { [] }
    var count: Int { node.elements.count }

    func encodeNil() { node.element().content = .leaf(.null) }
    func encode(_ value: some Encodable) throws { try node.element().put(value) }
    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
      TreeEncoder(node: node.element()).container(keyedBy: type)
    }
    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
      TreeEncoder(node: node.element()).unkeyedContainer()
    }
    func superEncoder() -> any Encoder { preconditionFailure("Configurations are values, not classes.") }
  }

  private struct Single: SingleValueEncodingContainer {
    let node: Node
    var codingPath: [any CodingKey] { [] }

    func encodeNil() { node.content = .leaf(.null) }
    func encode(_ value: some Encodable) throws { try node.put(value) }
  }
}
