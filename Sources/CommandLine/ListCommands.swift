import ArgumentParser
import Foundation
import HardViewPretraining
import HardViewSelection
import ImageData
import Objectives
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
    let methods = try HardViewsProgram.components.methods.map { method in
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

/// `hardviews policies`.
struct PoliciesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "policies", abstract: "List the policies by which trained views are chosen, one line each.",
    discussion: """
      Set one with selection.policy. Every policy goes with every method, and with the rest of the selection section: \
      overlap_floor, limit, every_steps, from, until and share (see `hardviews recipes show simsiam-small`).
      """)

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let policies =
      SelectionPolicy.builtIn.map {
        ListedPolicy(name: $0.rawValue, summary: $0.summary, runsNetwork: $0.runsNetwork)
      }
      + HardViewsProgram.components.selectors.map {
        ListedPolicy(name: $0.name, summary: $0.summary, runsNetwork: $0.ranksByDefault)
      }
    if json { return try printJSON(policies) }
    var table = Table(columns: [.left("policy"), .left("")])
    for policy in policies { table.addRow([policy.name, policy.summary]) }
    print(table.text)
  }
}

private struct ListedPolicy: Codable {
  var name: String
  var summary: String
  var runsNetwork: Bool
}

/// `hardviews components`.
struct ComponentsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "components",
    abstract:
      "List the view operations, dataset formats and observers that this program has beside those it comes with.")

  func run() throws {
    let components = HardViewsProgram.components
    var table = Table(columns: [.left("component"), .left("in YAML"), .left("")])
    for operation in components.viewOperations {
      table.addRow([operation.name, "views.operations.\(operation.name)", operation.summary])
    }
    for reader in components.datasetReaders {
      table.addRow([reader.name, "data.format: \(reader.name)", reader.summary])
    }
    for observer in components.observers {
      table.addRow([observer.name, "observers.\(observer.name)", observer.summary])
    }
    print(table.text)
  }
}

/// Prints a value as JSON with keys in snake case.
func printJSON(_ value: some Encodable) throws {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
  encoder.keyEncodingStrategy = .convertToSnakeCase
  print(String(decoding: try encoder.encode(value), as: UTF8.self))
}
