import Torch

/// Something made of parameters, buffers and other modules.
///
/// The stored properties are the tree; there is nothing to register. A parameter must be held by a property of its own,
/// of an optional, of an array, or of a module inside these.
public protocol Module: AnyObject {}

/// A module that maps a tensor to a tensor.
public protocol Layer: Module {
  /// The output for a batch.
  func callAsFunction(_ input: Tensor, in phase: Phase) -> Tensor
}

extension Module {
  /// Every parameter and buffer below this module, by dotted path, in order of declaration.
  ///
  /// Names are those PyTorch would use: property names in snake case, indices of arrays as numbers. A module that two
  /// properties hold is listed once, under the first. Walks by reflection: for set-up and checkpoints, not for the step.
  public func namedState() -> [(name: String, entry: StateEntry)] {
    var walk = StateWalk()
    walk.visit(self, at: "")
    return walk.found
  }

  /// Every trainable parameter below this module, by dotted path; frozen ones are left out.
  public func namedParameters() -> [(name: String, parameter: Parameter)] {
    namedState().compactMap { name, entry in
      if case .parameter(let parameter) = entry, parameter.isTrainable { (name, parameter) } else { nil }
    }
  }

  /// Every trainable parameter below this module.
  public var parameters: [Parameter] { namedParameters().map(\.parameter) }
}

private struct StateWalk {
  var found: [(name: String, entry: StateEntry)] = []
  private var seen: Set<ObjectIdentifier> = []

  mutating func visit(_ value: Any, at path: String) {
    switch value {
    case let parameter as Parameter:
      if seen.insert(ObjectIdentifier(parameter)).inserted { found.append((path, .parameter(parameter))) }
    case let buffer as Buffer:
      if seen.insert(ObjectIdentifier(buffer)).inserted { found.append((path, .buffer(buffer))) }
    case let module as any Module:
      guard seen.insert(ObjectIdentifier(module)).inserted else { return }
      let prefix = path.isEmpty ? "" : path + "."
      for (label, child) in Mirror(reflecting: module).children {
        if let label { visit(child, at: module is Sequential ? path : prefix + snakeCased(label)) }
      }
    case let list as [Any]:
      for (index, element) in list.enumerated() { visit(element, at: path.isEmpty ? "\(index)" : "\(path).\(index)") }
    default:
      let mirror = Mirror(reflecting: value)
      if mirror.displayStyle == .optional, let wrapped = mirror.children.first { visit(wrapped.value, at: path) }
    }
  }
}

/// `runningMean` as `running_mean`; digits stay where they are.
func snakeCased(_ name: String) -> String {
  var result = ""
  for character in name {
    if character.isUppercase {
      result += "_" + character.lowercased()
    } else {
      result.append(character)
    }
  }
  return result
}
