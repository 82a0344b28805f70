/// Collects mistakes in a section of a configuration; keys are the section's coding keys, so the compiler checks them.
public struct SettingReport {
  /// The mistakes so far, in the order in which they were found.
  public private(set) var problems: [ConfigurationError] = []
  private let path: String

  /// Begins a report on the section at a dotted path.
  public init(at path: String) {
    self.path = path
  }

  /// Notes a mistake unless `condition` holds.
  ///
  /// - Parameters:
  ///   - key: The key of the setting within the section; nil for the section as a whole.
  ///   - inner: A key within that of the setting, where it is a section itself.
  ///   - reason: What is wrong and what to do, as it goes on after the key.
  public mutating func require(
    _ condition: Bool, at key: (any CodingKey)? = nil, within inner: String? = nil, reason: @autoclosure () -> String
  ) {
    guard !condition else { return }
    let names = [path, key.map { snakeCased($0.stringValue) }, inner].compactMap { $0 }
    problems.append(
      ConfigurationError(path: names.filter { !$0.isEmpty }.joined(separator: "."), problem: .invalid(reason())))
  }

  /// Requires a number above zero.
  public mutating func requirePositive(_ value: Double, at key: any CodingKey) {
    require(value > 0, at: key, reason: "must be above 0, not \(value)")
  }

  /// Requires a number that is zero or more.
  public mutating func requireNonNegative<Number: Numeric & Comparable>(_ value: Number, at key: any CodingKey) {
    require(value >= 0, at: key, reason: "must be 0 or more, not \(value)")
  }

  /// Requires a number from 0 to 1.
  public mutating func requireShare(_ value: Double, at key: any CodingKey) {
    require((0...1).contains(value), at: key, reason: "must be between 0 and 1, not \(value)")
  }

  /// Requires a count of at least one.
  public mutating func requireCount(_ value: Int, at key: any CodingKey) {
    require(value >= 1, at: key, reason: "must be at least 1, not \(value)")
  }

  /// Throws the first mistake.
  public func validate() throws(ConfigurationError) {
    if let problem = problems.first { throw problem }
  }
}

/// A section that a component owns: its defaults, its keys and what they may be.
public protocol ComponentSettings: Codable, Sendable {
  /// The defaults, which are also the schema that unknown keys are found by.
  init()
}

/// The section of a component without settings.
public struct NoSettings: ComponentSettings {
  /// Nothing to set.
  public init() {}
}
