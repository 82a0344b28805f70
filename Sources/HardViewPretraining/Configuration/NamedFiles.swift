import Foundation
import RunConfiguration

/// YAML files that come with the package, in one folder of its resources.
struct NamedFiles {
  /// The folder's name.
  let folder: String
  /// What one of the files is called in errors, such as `recipe`.
  let kind: String

  /// The names, sorted.
  var names: [String] {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return files.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.sorted()
  }

  /// The content of one file.
  /// - Throws: `ConfigurationError` that lists the names there are when this one is unknown.
  func tree(_ name: String) throws(ConfigurationError) -> ConfigurationTree {
    guard names.contains(name), let text = try? String(contentsOfFile: "\(path)/\(name).yaml", encoding: .utf8) else {
      throw ConfigurationError(path: kind, problem: .unknownValue(name, known: names))
    }
    return try ConfigurationTree(yaml: text, source: "\(name).yaml")
  }

  private var path: String { Bundle.module.resourcePath.map { "\($0)/\(folder)" } ?? "" }
}
