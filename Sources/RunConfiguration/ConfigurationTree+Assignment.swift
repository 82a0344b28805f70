extension ConfigurationTree {
  /// Carries out an assignment such as `training.epochs=200` or `views.crop.scale=[0.2, 1]`.
  ///
  /// The value is YAML, so `1e-3` is a number, `true` a truth value and `"5"` text.
  /// - Throws: `ConfigurationError` when it is not of that form, or leads through a key that holds a plain value.
  public mutating func set(_ assignment: String) throws(ConfigurationError) {
    let sides = assignment.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let keys = sides[0].split(separator: ".", omittingEmptySubsequences: false)
    guard sides.count == 2, keys.allSatisfy({ !$0.isEmpty && !$0.contains(where: \.isWhitespace) }) else {
      throw ConfigurationError(path: assignment, problem: .malformedAssignment)
    }
    var tree = self
    var path = ""
    for key in keys.dropLast() {
      path = joined(path, String(key))
      guard let next = tree.value(of: String(key)) else { break }
      switch next {
      case .mapping, .null: tree = next
      default: throw ConfigurationError(path: path, problem: .wrongType(expected: "a section", found: next.kind))
      }
    }
    let value: ConfigurationTree
    do throws(ConfigurationError) {
      value = try ConfigurationTree(yamlValue: String(sides[1]), source: assignment)
    } catch {
      // Without line and column, since an assignment is one line.
      throw ConfigurationError(path: assignment, problem: error.problem)
    }
    set(value, at: String(sides[0]))
  }
}
