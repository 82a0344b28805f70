import NeuralNetworks
import Torch

/// How one group of parameters is updated at a step.
public struct GroupSettings: Sendable, Equatable {
  /// The learning rate.
  public var learningRate: Double
  /// The pull towards zero.
  public var weightDecay: Double

  /// Sets rate and decay.
  public init(learningRate: Double, weightDecay: Double) {
    self.learningRate = learningRate
    self.weightDecay = weightDecay
  }
}

/// Something that moves parameters along their gradients.
public protocol Optimizer: AnyObject {
  /// Updates the parameters of each group that have a gradient, then forgets the gradients.
  func step(_ settings: [GroupSettings])
  /// Everything that must be saved to continue exactly.
  var state: [(name: String, buffer: Buffer)] { get }
}

/// A parameter with what an optimizer remembers of it.
struct OptimizedParameter {
  let name: String
  let parameter: Parameter
  /// Tensors shaped like the parameter, starting at zero, rewritten in place.
  let memory: [Tensor]

  /// Parameters of groups with so many tensors each.
  static func slots(of groups: [ParameterGroup], memory count: Int) -> [[OptimizedParameter]] {
    groups.map { group in
      group.parameters.map { name, parameter in
        OptimizedParameter(
          name: name, parameter: parameter, memory: (0..<count).map { _ in parameter.value.detached() * 0.0 })
      }
    }
  }
}

/// Parameters with a gradient, as lists for operators that take many tensors at once.
struct ActiveParameters {
  let slots: [OptimizedParameter]
  let values: [Tensor]
  let gradients: [Tensor]

  /// Nil when no parameter of the group has a gradient.
  init?(_ group: [OptimizedParameter]) {
    let active = group.compactMap { slot in slot.parameter.gradient.map { (slot, $0) } }
    guard !active.isEmpty else { return nil }
    slots = active.map(\.0)
    values = active.map { $0.0.parameter.value.detached() }
    gradients = active.map(\.1)
  }

  func memory(_ index: Int) -> [Tensor] { slots.map { $0.memory[index] } }

  func clearGradients() {
    for slot in slots { slot.parameter.clearGradient() }
  }
}
