/// Turns trees into typed values; every failure is a `ConfigurationError` with its key path.
struct TreeDecoder: Decoder {
  let tree: ConfigurationTree
  let path: String
  var codingPath: [any CodingKey] { [] }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    guard case .mapping(let entries) = tree else { throw wrongType("keys with values") }
    return KeyedDecodingContainer(Keyed<Key>(entries: entries, path: path))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    guard case .list(let elements) = tree else { throw wrongType("a list") }
    return Unkeyed(elements: elements, path: path)
  }

  func singleValueContainer() throws -> any SingleValueDecodingContainer {
    Single(decoder: self)
  }

  private func wrongType(_ expected: String) -> ConfigurationError {
    ConfigurationError(path: path, problem: .wrongType(expected: expected, found: tree.kind))
  }

  /// The value of a leaf or a nested type.
  func value<Value: Decodable>(_ type: Value.Type) throws -> Value {
    if type == Bool.self {
      guard case .bool(let flag) = tree else { throw wrongType("true or false") }
      return flag as! Value
    }
    if type == Int.self {
      guard case .integer(let number) = tree else { throw wrongType("a whole number") }
      return number as! Value
    }
    if type == Double.self {
      switch tree {
      case .number(let number): return number as! Value
      case .integer(let number): return Double(number) as! Value
      default: throw wrongType("a number")
      }
    }
    if type == String.self {
      guard case .string(let text) = tree else { throw wrongType("a text") }
      return text as! Value
    }
    if let names = type as? any (CaseIterable & RawRepresentable).Type {
      return try named(names) as! Value
    }
    return try Value(from: self)
  }

  private func named<Name: CaseIterable & RawRepresentable>(_ type: Name.Type) throws -> Name {
    let known = Name.allCases.map { "\($0.rawValue)" }
    guard case .string(let text) = tree else { throw wrongType("one of \(known.joined(separator: ", "))") }
    guard let value = Name.allCases.first(where: { "\($0.rawValue)" == text }) else {
      throw ConfigurationError(path: path, problem: .unknownValue(text, known: known))
    }
    return value
  }

  private struct Keyed<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let entries: [(key: String, value: ConfigurationTree)]
    let path: String
    var codingPath: [any CodingKey] { [] }
    var allKeys: [Key] { entries.compactMap { Key(stringValue: $0.key) } }

    private func decoder(_ key: Key) throws -> TreeDecoder {
      let name = snakeCased(key.stringValue)
      guard let entry = entries.first(where: { $0.key == name }) else {
        throw ConfigurationError(path: joined(path, name), problem: .invalid("is missing"))
      }
      return TreeDecoder(tree: entry.value, path: joined(path, name))
    }

    func contains(_ key: Key) -> Bool { entries.contains { $0.key == snakeCased(key.stringValue) } }
    func decodeNil(forKey key: Key) throws -> Bool { try decoder(key).tree == .null }
    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
      try decoder(key).value(type)
    }
    func nestedContainer<Nested: CodingKey>(
      keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> {
      try decoder(key).container(keyedBy: type)
    }
    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
      try decoder(key).unkeyedContainer()
    }
    func superDecoder() throws -> any Decoder { preconditionFailure("configurations are values, not classes") }
    func superDecoder(forKey key: Key) throws -> any Decoder { try superDecoder() }
  }

  private struct Unkeyed: UnkeyedDecodingContainer {
    let elements: [ConfigurationTree]
    let path: String
    var currentIndex = 0
    var codingPath: [any CodingKey] { [] }
    var count: Int? { elements.count }
    var isAtEnd: Bool { currentIndex >= elements.count }

    init(elements: [ConfigurationTree], path: String) {
      self.elements = elements
      self.path = path
    }

    private mutating func next() throws -> TreeDecoder {
      guard !isAtEnd else {
        throw ConfigurationError(path: path, problem: .invalid("has only \(elements.count) elements"))
      }
      defer { currentIndex += 1 }
      return TreeDecoder(tree: elements[currentIndex], path: "\(path)[\(currentIndex)]")
    }

    mutating func decodeNil() throws -> Bool {
      guard !isAtEnd, elements[currentIndex] == .null else { return false }
      currentIndex += 1
      return true
    }
    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try next().value(type) }
    mutating func nestedContainer<Nested: CodingKey>(
      keyedBy type: Nested.Type
    ) throws -> KeyedDecodingContainer<Nested> {
      try next().container(keyedBy: type)
    }
    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { try next().unkeyedContainer() }
    mutating func superDecoder() throws -> any Decoder { try next() }
  }

  private struct Single: SingleValueDecodingContainer {
    let decoder: TreeDecoder
    var codingPath: [any CodingKey] { [] }

    func decodeNil() -> Bool { decoder.tree == .null }
    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try decoder.value(type) }
  }
}
