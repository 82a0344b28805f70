extension ConfigurationTree {
  /// The tree of a typed value: keys in snake case, in order of declaration.
  public init(encoding value: some Encodable) throws(ConfigurationError) {
    self = try TreeEncoder.tree(of: value)
  }

  /// A typed value with settings laid over its defaults.
  ///
  /// Settings are merged into the encoded defaults and decoded. A key that the decoded value does not encode again is
  /// an error, as is a value of another type. Types synthesize their conformance to `Codable`, or encode every key that
  /// they decode. A nil property is encoded as null, so it may be optional. A property of type `ConfigurationTree` takes
  /// whatever the settings hold.
  /// - Parameters:
  ///   - defaults: What holds where the settings say nothing.
  ///   - settings: Sections, possibly partial.
  ///   - path: Where the settings stand in the whole, for errors.
  /// - Throws: `ConfigurationError` with the key path, what was expected and what was found.
  public static func decode<Value: Codable>(
    _ defaults: Value, overlaying settings: ConfigurationTree, at path: String = ""
  ) throws(ConfigurationError) -> Value {
    let merged = try ConfigurationTree(encoding: defaults).merging(settings)
    let value = try TreeDecoder(tree: merged, path: path).decoded(Value.self)
    try settings.checkKeys(against: ConfigurationTree(encoding: value), at: path)
    return value
  }

  /// Checks that a complete tree has every key of this one, and lists of the same length.
  private func checkKeys(against known: ConfigurationTree, at path: String) throws(ConfigurationError) {
    switch (self, known) {
    case (.mapping(let entries), .mapping(let knownEntries)):
      for (key, value) in entries {
        guard let knownValue = known.value(of: key) else {
          throw ConfigurationError(path: joined(path, key), problem: .unknownKey(known: knownEntries.map(\.key)))
        }
        try value.checkKeys(against: knownValue, at: joined(path, key))
      }
    case (.list(let elements), .list(let knownElements)):
      guard elements.count == knownElements.count else {
        throw ConfigurationError(
          path: path, problem: .invalid("has \(elements.count) values where \(knownElements.count) are expected"))
      }
      for (index, element) in elements.enumerated() {
        try element.checkKeys(against: knownElements[index], at: "\(path)[\(index)]")
      }
    default: break
    }
  }
}

extension ConfigurationTree: Codable {
  /// Takes a subtree as it is, when a typed configuration is decoded.
  /// - Throws: `DecodingError` with any other decoder than that of `decode(_:overlaying:at:)`.
  public init(from decoder: any Decoder) throws {
    guard let decoder = decoder as? TreeDecoder else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "A configuration tree is read from YAML only."))
    }
    self = decoder.tree
  }

  /// Puts the tree in its place as it is, when a typed configuration is encoded.
  /// - Throws: `EncodingError` with any other encoder than that of `init(encoding:)`.
  public func encode(to encoder: any Encoder) throws {
    guard let encoder = encoder as? TreeEncoder else {
      throw EncodingError.invalidValue(
        self, .init(codingPath: encoder.codingPath, debugDescription: "A configuration tree is written as YAML only."))
    }
    encoder.node.content = .leaf(self)
  }
}
