/// Turns trees into typed values; every failure is a `ConfigurationError` with its key path.
struct TreeDecoder: Decoder {
  let tree: ConfigurationTree
  let path: String
  var codingPath: [any CodingKey] { [] }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  /// The tree as a whole.
  func decoded<Value: Decodable>(_ type: Value.Type) throws(ConfigurationError) -> Value {
    do {
      return try value(type)
    } catch let error as ConfigurationError {
      throw error
    } catch {
      throw ConfigurationError(path: path, problem: .invalid(Self.reason(error)))
    }
  }

  /// What a type's own initializer found wrong.
  private static func reason(_ error: any Error) -> String {
    switch error as? DecodingError {
    case .dataCorrupted(let context), .typeMismatch(_, let context), .valueNotFound(_, let context),
      .keyNotFound(_, let context):
      context.debugDescription
    default: "\(error)"
    }
  }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    guard case .mapping = tree else { throw wrongType("a section") }
    return KeyedDecodingContainer(Keyed(decoder: self))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    guard case .list(let elements) = tree else { throw wrongType("a list") }
    return Unkeyed(elements: elements, path: path)
  }

  func singleValueContainer() throws -> any SingleValueDecodingContainer { Single(decoder: self) }

  fileprivate func wrongType(_ expected: String) -> ConfigurationError {
    ConfigurationError(path: path, problem: .wrongType(expected: expected, found: tree.kind))
  }
}

// MARK: - Values

extension TreeDecoder {
  /// A leaf, or a type of several values.
  fileprivate func value<Value: Decodable>(_ type: Value.Type) throws -> Value {
    switch type {
    case is Bool.Type: return try bool() as! Value
    case is String.Type: return try string() as! Value
    case is Double.Type: return try number() as! Value
    case is Float.Type: return Float(try number()) as! Value
    case let type as any FixedWidthInteger.Type: return try integer(type) as! Value
    default:
      if let type = type as? any (CaseIterable & RawRepresentable).Type { try checkName(type) }
      do {
        return try Value(from: self)
      } catch let error as DecodingError {
        throw ConfigurationError(path: path, problem: .invalid(Self.reason(error)))
      }
    }
  }

  private func bool() throws -> Bool {
    guard case .bool(let flag) = tree else { throw wrongType("true or false") }
    return flag
  }

  private func string() throws -> String {
    switch tree {
    case .string(let text): return text
    case .bool, .integer, .number: throw wrongType("text (put it in quotes)")
    default: throw wrongType("text")
    }
  }

  private func number() throws -> Double {
    switch tree {
    case .number(let number) where !number.isNaN: return number
    case .integer(let number): return Double(number)
    default: throw wrongType("a number")
    }
  }

  /// A whole number, which may be spelled as `1e3` or `5.0`.
  private func integer<Value: FixedWidthInteger>(_ type: Value.Type) throws -> Value {
    let value: Value?
    switch tree {
    case .integer(let number): value = Value(exactly: number)
    case .number(let number) where number == number.rounded(): value = Value(exactly: number)
    default: throw wrongType("a whole number")
    }
    guard let value else { throw wrongType("a whole number between \(Value.min) and \(Value.max)") }
    return value
  }

  /// Checks that a value is one of the names that an enumeration knows.
  private func checkName<Name: CaseIterable & RawRepresentable>(_ type: Name.Type) throws {
    guard let known = Name.allCases.map(\.rawValue) as? [String] else { return }
    guard case .string(let text) = tree else { throw wrongType("one of \(known.joined(separator: ", "))") }
    guard known.contains(text) else {
      throw ConfigurationError(path: path, problem: .unknownValue(text, known: known))
    }
  }
}

// MARK: - Containers

extension TreeDecoder {
  private struct Keyed<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let decoder: TreeDecoder
    var codingPath: [any CodingKey] { [] }
    var allKeys: [Key] {
      guard case .mapping(let entries) = decoder.tree else { return [] }
      return entries.compactMap { Key(stringValue: $0.key) }
    }

    private func child(_ key: Key) throws -> TreeDecoder {
      let name = snakeCased(key.stringValue)
      let path = joined(decoder.path, name)
      guard let tree = decoder.tree.value(of: name) else {
        throw ConfigurationError(path: path, problem: .invalid("is missing"))
      }
      return TreeDecoder(tree: tree, path: path)
    }

    func contains(_ key: Key) -> Bool { decoder.tree.value(of: snakeCased(key.stringValue)) != nil }
    func decodeNil(forKey key: Key) throws -> Bool { try child(key).tree == .null }
    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value { try child(key).value(type) }
    func nestedContainer<Nested: CodingKey>(
      keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> {
      try child(key).container(keyedBy: type)
    }
    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
      try child(key).unkeyedContainer()
    }
    func superDecoder() throws -> any Decoder { preconditionFailure("Configurations are values, not classes.") }
    func superDecoder(forKey key: Key) throws -> any Decoder { try superDecoder() }
  }

  private struct Unkeyed: UnkeyedDecodingContainer {
    let elements: [ConfigurationTree]
    let path: String
    private(set) var currentIndex = 0
    var codingPath: [any CodingKey] { [] }
    var count: Int? { elements.count }
    var isAtEnd: Bool { currentIndex >= elements.count }

    init(elements: [ConfigurationTree], path: String) {
      self.elements = elements
      self.path = path
    }

    private mutating func next() throws -> TreeDecoder {
      guard !isAtEnd else {
        throw ConfigurationError(path: path, problem: .invalid("has only \(elements.count) values"))
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
    mutating func superDecoder() throws -> any Decoder {
      preconditionFailure("Configurations are values, not classes.")
    }
  }

  private struct Single: SingleValueDecodingContainer {
    let decoder: TreeDecoder
    var codingPath: [any CodingKey] { [] }

    func decodeNil() -> Bool { decoder.tree == .null }
    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try decoder.value(type) }
  }
}
