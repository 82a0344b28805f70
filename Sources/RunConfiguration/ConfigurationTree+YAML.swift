import Foundation
import Yams

extension ConfigurationTree {
  /// Reads a YAML file that holds sections.
  /// - Throws: `ConfigurationError` naming the file, and line and column of a mistake.
  public init(contentsOf path: String) throws(ConfigurationError) {
    let data: Data
    do {
      data = try Data(contentsOf: URL(filePath: path))
    } catch {
      let isThere = FileManager.default.fileExists(atPath: path)
      let reason = isThere ? "it is a folder, or may not be read" : "there is no such file"
      throw ConfigurationError(path: path, problem: .unreadable(reason))
    }
    guard let text = String(validating: data, as: UTF8.self) else {
      throw ConfigurationError(path: path, problem: .unreadable("it is not UTF-8 text"))
    }
    try self.init(yaml: text, source: path)
  }

  /// Reads YAML text that holds sections; empty text holds none.
  /// - Parameter source: The name of the text in errors, usually a file.
  /// - Throws: `ConfigurationError` naming the source, and line and column of a mistake.
  public init(yaml: String, source: String) throws(ConfigurationError) {
    let tree = try ConfigurationTree(yamlValue: yaml, source: source)
    switch tree {
    case .mapping: self = tree
    case .null: self = .empty
    default:
      throw ConfigurationError(path: source, problem: .wrongType(expected: "keys with values", found: tree.kind))
    }
  }

  /// Reads any YAML value.
  init(yamlValue text: String, source: String) throws(ConfigurationError) {
    var reader = NodeReader(source: source)
    do {
      self = try reader.tree(compose(yaml: text) ?? "")
    } catch let error as ConfigurationError {
      throw error
    } catch {
      throw ConfigurationError(yamlError: error, source: source)
    }
  }
}

/// Turns the parser's nodes into a tree.
private struct NodeReader {
  let source: String
  /// Aliases of aliases can make a short text stand for a tree that fills memory.
  private var remainingNodes = 10_000

  init(source: String) {
    self.source = source
  }

  private func mistake(_ reason: String, at mark: Mark?) -> ConfigurationError {
    ConfigurationError(path: place(source, mark), problem: .syntax(reason))
  }

  mutating func tree(_ node: Node) throws(ConfigurationError) -> ConfigurationTree {
    remainingNodes -= 1
    guard remainingNodes > 0 else { throw mistake("it holds too many values", at: node.mark) }
    switch node {
    case .scalar(let scalar):
      let isText = scalar.style != .plain && scalar.style != .any || scalar.tag.rawValue == Tag.Name.str.rawValue
      return isText ? .string(scalar.string) : ConfigurationTree(plainScalar: scalar.string)
    case .sequence(let sequence):
      var list: [ConfigurationTree] = []
      for element in sequence { list.append(try tree(element)) }
      return .list(list)
    case .mapping(let mapping):
      var entries: [(key: String, value: ConfigurationTree)] = []
      for (key, value) in mapping {
        guard let name = key.scalar?.string else { throw mistake("a key must be a word", at: key.mark) }
        guard !entries.contains(where: { $0.key == name }) else {
          throw mistake("the key '\(name)' is given twice in one section", at: key.mark)
        }
        entries.append((name, try tree(value)))
      }
      return .mapping(entries)
    case .alias(let alias):
      throw mistake("the alias '\(alias.anchor.rawValue)' stands for nothing", at: alias.mark)
    }
  }
}

private func place(_ source: String, _ mark: Mark?) -> String {
  mark.map { "\(source), line \($0.line), column \($0.column)" } ?? source
}

extension ConfigurationError {
  /// What the YAML parser found, with its place.
  fileprivate init(yamlError error: any Error, source: String) {
    switch error as? YamlError {
    case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
      .composer(let context, let problem, let mark, _):
      let context = context.map { " (\($0.text), line \($0.mark.line))" } ?? ""
      self.init(path: place(source, mark), problem: .syntax(problem + context))
    case .duplicatedKeysInMapping(let keys, let context):
      let names = keys.map { "'\($0)'" }.joined(separator: ", ")
      self.init(
        path: place(source, context.mark),
        problem: .syntax("the key \(names) is given twice in one section"))
    case .reader(let problem, _, _, _):
      self.init(path: source, problem: .syntax(problem))
    default:
      self.init(path: source, problem: .syntax("\(error)"))
    }
  }
}
