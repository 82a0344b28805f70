import Foundation
import RunConfiguration

/// The configurations that come with the package.
public enum Recipes {
  /// The names, sorted.
  public static var names: [String] {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return files.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.sorted()
  }

  /// The settings of a recipe, to be changed or resolved.
  /// - Throws: `ConfigurationError` that lists the recipes there are when the name is unknown.
  public static func named(_ name: String) throws(ConfigurationError) -> ConfigurationTree {
    guard names.contains(name), let text = try? String(contentsOfFile: "\(folder)/\(name).yaml", encoding: .utf8) else {
      throw ConfigurationError(path: "recipe", problem: .unknownValue(name, known: names))
    }
    return try ConfigurationTree(yaml: text, source: "\(name).yaml")
  }

  private static var folder: String {
    Bundle.module.resourcePath.map { $0 + "/Recipes" } ?? ""
  }
}
