extension ConfigurationTree {
  /// The values that differ from those of `before`, by dotted path; nil stands for no such key.
  public func differences(
    from before: ConfigurationTree
  ) -> [(path: String, before: ConfigurationTree?, now: ConfigurationTree?)] {
    Self.differences(from: before, to: self, at: "")
  }

  private static func differences(
    from before: ConfigurationTree?, to now: ConfigurationTree?, at path: String
  ) -> [(path: String, before: ConfigurationTree?, now: ConfigurationTree?)] {
    guard case .mapping(let old)? = before, case .mapping(let new)? = now else {
      return before == now ? [] : [(path, before, now)]
    }
    let gone = old.filter { now?.value(of: $0.key) == nil }
    return new.flatMap { differences(from: before?.value(of: $0.key), to: $0.value, at: joined(path, $0.key)) }
      + gone.map { (joined(path, $0.key), $0.value, nil) }
  }
}
