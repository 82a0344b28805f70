import ArgumentParser
import Foundation
import HardViewPretraining
import RunConfiguration
import RunRecords

/// `hardviews methods`.
struct MethodsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "methods", abstract: "List the objectives, one line each.",
    discussion: "Set one with method.name; `hardviews recipes` has settings for each.")

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let methods = try Methods.all.map { method in
      ListedMethod(
        name: method.name, summary: method.summary, takesLocalViews: method.takesLocalViews,
        recipes: try Recipes.names.filter { try Recipes.named($0).string(at: "method.name") == method.name })
    }
    if json { return try printJSON(methods) }
    var table = Table(columns: [.left("method"), .left("")])
    for method in methods { table.addRow([method.name, method.summary]) }
    print(table.text)
  }
}

private struct ListedMethod: Codable {
  var name: String
  var summary: String
  var takesLocalViews: Bool
  var recipes: [String]
}

/// `hardviews selectors`.
struct SelectorsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "selectors", abstract: "List the rules by which trained views are chosen, one line each.",
    discussion: """
      Set one with selection.policy. Every rule goes with every method, and with the rest of the selection section: \
      overlap_floor, limit, every_steps, from, until and share (see `hardviews recipes show simsiam-small`).
      """)

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let policies = SelectionPolicy.allCases
    if json {
      return try printJSON(
        policies.map { ListedPolicy(name: $0.rawValue, summary: $0.summary, runsNetwork: $0.runsNetwork) })
    }
    var table = Table(columns: [.left("policy"), .left("")])
    for policy in policies { table.addRow([policy.rawValue, policy.summary]) }
    print(table.text)
  }
}

private struct ListedPolicy: Codable {
  var name: String
  var summary: String
  var runsNetwork: Bool
}

/// Prints a value as JSON with keys in snake case.
func printJSON(_ value: some Encodable) throws {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
  encoder.keyEncodingStrategy = .convertToSnakeCase
  print(String(decoding: try encoder.encode(value), as: UTF8.self))
}
