/// Turns typed values into trees, keeping the order of declaration.
struct TreeEncoder: Encoder {
  /// Where one value is put together.
  final class Storage {
    var tree = ConfigurationTree.empty
    var isOpen = false
    var children: [(key: String, storage: Storage)] = []
    var elements: [Storage] = []
    var isList = false

    func finish(_ path: String, _ openPaths: inout Set<String>) -> ConfigurationTree {
      if isOpen { openPaths.insert(path) }
      if isList { return .list(elements.map { $0.finish(path, &openPaths) }) }
      guard !children.isEmpty else { return tree }
      return .mapping(children.map { ($0.key, $0.storage.finish(joined(path, $0.key), &openPaths)) })
    }
  }

  let storage = Storage()
  var codingPath: [any CodingKey] { [] }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  /// The tree and the paths of subtrees that take anything.
  static func encode(
    _ value: some Encodable
  ) throws(ConfigurationError) -> (tree: ConfigurationTree, openPaths: Set<String>) {
    let encoder = TreeEncoder()
    do {
      try value.encode(to: encoder)
    } catch {
      throw ConfigurationError(path: "", problem: .invalid("cannot be written as YAML: \(error)"))
    }
    var openPaths: Set<String> = []
    return (encoder.storage.finish("", &openPaths), openPaths)
  }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    KeyedEncodingContainer(Keyed<Key>(storage: storage))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    storage.isList = true
    return Unkeyed(storage: storage)
  }

  func singleValueContainer() -> any SingleValueEncodingContainer {
    Single(storage: storage)
  }

  private static func put(_ value: some Encodable, into storage: Storage) throws {
    switch value {
    case let flag as Bool: storage.tree = .bool(flag)
    case let number as Int: storage.tree = .integer(number)
    case let number as Double: storage.tree = .number(number)
    case let text as String: storage.tree = .string(text)
    default:
      let encoder = TreeEncoder()
      try value.encode(to: encoder)
      storage.tree = encoder.storage.tree
      storage.isOpen = encoder.storage.isOpen
      storage.children = encoder.storage.children
      storage.elements = encoder.storage.elements
      storage.isList = encoder.storage.isList
    }
  }

  private struct Keyed<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let storage: Storage
    var codingPath: [any CodingKey] { [] }

    private func child(_ key: Key) -> Storage {
      let child = Storage()
      storage.children.append((snakeCased(key.stringValue), child))
      return child
    }

    func encodeNil(forKey key: Key) { child(key).tree = .null }
    func encode(_ value: some Encodable, forKey key: Key) throws { try put(value, into: child(key)) }
    func nestedContainer<Nested: CodingKey>(
      keyedBy type: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> {
      KeyedEncodingContainer(Keyed<Nested>(storage: child(key)))
    }
    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
      let child = child(key)
      child.isList = true
      return Unkeyed(storage: child)
    }
    func superEncoder() -> any Encoder { preconditionFailure("configurations are values, not classes") }
    func superEncoder(forKey key: Key) -> any Encoder { superEncoder() }
  }

  private struct Unkeyed: UnkeyedEncodingContainer {
    let storage: Storage
    var codingPath: [any CodingKey] { [] }
    var count: Int { storage.elements.count }

    private func element() -> Storage {
      let element = Storage()
      storage.elements.append(element)
      return element
    }

    func encodeNil() { element().tree = .null }
    func encode(_ value: some Encodable) throws { try put(value, into: element()) }
    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
      KeyedEncodingContainer(Keyed<Nested>(storage: element()))
    }
    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
      let element = element()
      element.isList = true
      return Unkeyed(storage: element)
    }
    func superEncoder() -> any Encoder { preconditionFailure("configurations are values, not classes") }
  }

  private struct Single: SingleValueEncodingContainer {
    let storage: Storage
    var codingPath: [any CodingKey] { [] }

    func encodeNil() { storage.tree = .null }
    func encode(_ value: some Encodable) throws { try put(value, into: storage) }
  }
}
