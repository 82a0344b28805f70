/// A key whose value differs between two configurations.
public struct ConfigurationChange: Codable, Sendable, Equatable, CustomStringConvertible {
  /// The dotted key path.
  public var key: String
  /// The value before, as YAML; empty where there was none.
  public var before: String
  /// The value after, as YAML; empty where there is none.
  public var after: String

  /// Describes a change.
  public init(key: String, before: String, after: String) {
    self.key = key
    self.before = before
    self.after = after
  }

  /// One line.
  public var description: String {
    "\(key) is \(after.isEmpty ? "not set" : after) from now on; it was \(before.isEmpty ? "not set" : before)"
  }
}

extension ConfigurationTree {
  /// What changes from this tree to another, key by key, in the order of the other.
  public func changes(to other: ConfigurationTree) -> [ConfigurationChange] {
    let before = leaves
    let after = other.leaves
    let changed = after.compactMap { leaf -> ConfigurationChange? in
      let old = before.first { $0.path == leaf.path }?.value
      guard old != leaf.value else { return nil }
      return ConfigurationChange(key: leaf.path, before: old?.inlineYAML ?? "", after: leaf.value.inlineYAML)
    }
    let removed = before.filter { leaf in !after.contains { $0.path == leaf.path } }
    return changed + removed.map { ConfigurationChange(key: $0.path, before: $0.value.inlineYAML, after: "") }
  }

  /// Every value that is no section, with its dotted path; empty sections count as values.
  private var leaves: [(path: String, value: ConfigurationTree)] {
    guard case .mapping(let entries) = self, !entries.isEmpty else { return [("", self)] }
    return entries.flatMap { key, value in
      value.leaves.map { (path: $0.path.isEmpty ? key : "\(key).\($0.path)", value: $0.value) }
    }
  }

  /// The tree as one line of YAML.
  private var inlineYAML: String {
    let text = yaml
    return String(text.hasSuffix("\n") ? text.dropLast() : text[...])
  }
}
