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
  ///
  /// - Parameter isSound: A boolean scalar; where it is false, parameters and memory stay as they are, whatever the
  ///   gradients hold. Nil for true.
  func step(_ settings: [GroupSettings], where isSound: Tensor?)
  /// Everything that must be saved to continue exactly, alive: a checkpoint is loaded into it.
  ///
  /// What other workers remember is there on the first one from `collect()` until the next step.
  var state: [(name: String, buffer: Buffer)] { get }
  /// Bytes that are remembered in this process.
  var memoryBytes: Double { get }
  /// Gathers on the first worker what is to be saved; called by all of them.
  /// - Throws: `TorchError` where others do not answer, or memory runs out.
  func collect() throws
}

extension Optimizer {
  /// All of the state.
  public var memoryBytes: Double {
    state.reduce(0) { $0 + Double($1.buffer.value.elementCount * $1.buffer.value.elementSize) }
  }

  /// Everything is here already.
  public func collect() throws {}

  /// Updates the parameters of each group that have a gradient, then forgets the gradients.
  public func step(_ settings: [GroupSettings]) { step(settings, where: nil) }
}

extension Tensor {
  /// This boolean scalar as libtorch's fused optimizers want it: 1 where nothing is to change, else 0.
  var asFoundInfinity: Tensor { 1.0 - converted(to: .float32).reshaped([1]) }
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

  /// m ← μm + g; p ← p − ηm, with m the first memory.
  ///
  /// - Parameter isSound: A boolean scalar; nothing changes where it is false, and gradients may hold anything there.
  func move(momentum: Double, learningRate: Double, where isSound: Tensor?) {
    let momenta = memory(0)
    guard let share = isSound?.converted(to: .float32) else {
      Tensor.multiplyInPlace(momenta, by: momentum)
      Tensor.addInPlace(momenta, gradients)
      return Tensor.addInPlace(values, momenta, scaledBy: -learningRate)
    }
    // NaN times zero is NaN, so gradients are cleared, not multiplied.
    for gradient in gradients { gradient.zeroInPlace(where: share .< 0.5) }
    Tensor.multiplyInPlace(momenta, by: Array(repeating: 1.0 - share * (1 - momentum), count: momenta.count))
    Tensor.addInPlace(momenta, gradients)
    Tensor.addInPlace(values, momenta, times: share, scaledBy: -learningRate)
  }

  func clearGradients() {
    for slot in slots { slot.parameter.clearGradient() }
  }
}
