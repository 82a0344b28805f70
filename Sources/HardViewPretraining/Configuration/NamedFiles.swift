import RunConfiguration

/// YAML files that come with the package, compiled into it.
struct NamedFiles {
  /// The texts by name.
  let texts: [String: String]
  /// What one of the files is called in errors, such as `recipe`.
  let kind: String

  /// The names, sorted.
  var names: [String] { texts.keys.sorted() }

  /// The content of one file.
  /// - Throws: `ConfigurationError` that lists the names there are when this one is unknown.
  func tree(_ name: String) throws(ConfigurationError) -> ConfigurationTree {
    guard let text = texts[name] else {
      throw ConfigurationError(path: kind, problem: .unknownValue(name, known: names))
    }
    return try ConfigurationTree(yaml: text, source: "\(name).yaml")
  }
}
