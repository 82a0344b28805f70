extension ConfigurationTree {
  /// The tree of a typed value: snake-case keys in order of declaration.
  public init(encoding value: some Encodable) throws(ConfigurationError) {
    self = try TreeEncoder.encode(value).tree
  }

  /// A typed value with settings laid over its defaults.
  ///
  /// The encoded defaults are the schema: a key they lack is an error. So configuration types use no optionals, whose
  /// nil would leave no key. A property of type `ConfigurationTree` takes anything.
  /// - Parameters:
  ///   - defaults: What holds where the settings say nothing.
  ///   - settings: A mapping, possibly partial.
  ///   - path: Where the settings stand in the whole, for errors.
  /// - Throws: `ConfigurationError` with the key path, what was expected and what was found.
  public static func decode<Value: Codable>(
    _ defaults: Value, overlaying settings: ConfigurationTree, at path: String = ""
  ) throws(ConfigurationError) -> Value {
    let schema = try TreeEncoder.encode(defaults)
    let merged = try lay(settings, over: schema.tree, path: "", openPaths: schema.openPaths, prefix: path)
    do {
      return try Value(from: TreeDecoder(tree: merged, path: path))
    } catch let error as ConfigurationError {
      throw error
    } catch {
      throw ConfigurationError(path: path, problem: .invalid("\(error)"))
    }
  }

  private static func lay(
    _ settings: ConfigurationTree, over base: ConfigurationTree, path: String, openPaths: Set<String>, prefix: String
  ) throws(ConfigurationError) -> ConfigurationTree {
    if openPaths.contains(path) { return settings }
    guard case .mapping(var entries) = base else { return settings }
    guard case .mapping(let changes) = settings else {
      throw ConfigurationError(
        path: joined(prefix, path), problem: .wrongType(expected: "keys with values", found: settings.kind))
    }
    for (key, value) in changes {
      let keyPath = joined(path, key)
      guard let position = entries.firstIndex(where: { $0.key == key }) else {
        throw ConfigurationError(
          path: joined(prefix, keyPath), problem: .unknownKey(known: entries.map(\.key)))
      }
      entries[position].value = try lay(
        value, over: entries[position].value, path: keyPath, openPaths: openPaths, prefix: prefix)
    }
    return .mapping(entries)
  }

  /// The leaves that differ, by dotted path: what was there before and what is there now; nil for absent.
  public func differences(
    from before: ConfigurationTree
  ) -> [(path: String, before: ConfigurationTree?, now: ConfigurationTree?)] {
    var found: [(path: String, before: ConfigurationTree?, now: ConfigurationTree?)] = []
    func compare(_ before: ConfigurationTree?, _ now: ConfigurationTree?, _ path: String) {
      if case .mapping(let old)? = before, case .mapping(let new)? = now {
        for (key, value) in old { compare(value, new.first { $0.key == key }?.value, joined(path, key)) }
        for (key, value) in new where !old.contains(where: { $0.key == key }) { compare(nil, value, joined(path, key)) }
      } else if before != now {
        found.append((path, before, now))
      }
    }
    compare(before, self, "")
    return found
  }
}

extension ConfigurationTree: Codable {
  /// Passes a subtree through when a typed configuration is decoded.
  public init(from decoder: any Decoder) throws {
    guard let decoder = decoder as? TreeDecoder else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "a configuration tree is decoded from a tree only"))
    }
    self = decoder.tree
  }

  /// Passes the tree through when a typed configuration is encoded.
  public func encode(to encoder: any Encoder) throws {
    guard let encoder = encoder as? TreeEncoder else {
      throw EncodingError.invalidValue(
        self, .init(codingPath: encoder.codingPath, debugDescription: "a configuration tree is encoded to a tree only"))
    }
    encoder.storage.tree = self
    encoder.storage.isOpen = true
  }
}
