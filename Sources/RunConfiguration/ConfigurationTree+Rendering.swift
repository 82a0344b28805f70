import Yams

extension ConfigurationTree {
  /// The tree as YAML that reads back as the same tree: sections in blocks, lists in brackets, keys in their order.
  public var yaml: String {
    do {
      return try serialize(node: node, width: -1, allowUnicode: true, sortKeys: false)
    } catch {
      preconditionFailure("A tree could not be written as YAML: \(error)")
    }
  }

  private var node: Node {
    switch self {
    case .null, .bool, .integer, .number:
      return .scalar(Node.Scalar(scalarText, Tag(.implicit), .plain))
    case .string(let text):
      return Self.node(of: text)
    case .list(let elements):
      return .sequence(Node.Sequence(elements.map(\.node), Tag(.implicit), .flow))
    case .mapping(let entries):
      return .mapping(Node.Mapping(entries.map { (Self.node(of: $0.key), $0.value.node) }, Tag(.implicit), .block))
    }
  }

  /// Text, in quotes where it would otherwise be read as another kind of value.
  private static func node(of text: String) -> Node {
    let readsBack = ConfigurationTree(plainScalar: text) == .string(text)
    return .scalar(Node.Scalar(text, Tag(.str), readsBack ? .any : .doubleQuoted))
  }
}
