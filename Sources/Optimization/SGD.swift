import NeuralNetworks
import Torch

/// Stochastic gradient descent with momentum and weight decay, as PyTorch's: g ← g + λp; m ← μm + g; p ← p − ηm.
public final class SGD: Optimizer {
  private struct Slot {
    let name: String
    let parameter: Parameter
    let momentum: Tensor
  }

  private let slots: [[Slot]]
  private let momentum: Double
  private let weightDecay: Double

  /// Prepares momentum buffers of zeros for every parameter.
  public init(_ groups: [ParameterGroup], momentum: Double, weightDecay: Double) {
    self.momentum = momentum
    self.weightDecay = weightDecay
    slots = groups.map { group in
      group.parameters.map { name, parameter in
        Slot(name: name, parameter: parameter, momentum: parameter.value.detached() * 0.0)
      }
    }
  }

  /// One update of every parameter that has a gradient; forgets the gradients.
  public func step(learningRates: [Double]) {
    withoutGradients {
      for (group, rate) in zip(slots, learningRates) {
        let active = group.compactMap { slot in slot.parameter.gradient.map { (slot, $0) } }
        guard !active.isEmpty else { continue }
        let values = active.map { $0.0.parameter.value.detached() }
        let gradients = active.map(\.1)
        let momenta = active.map(\.0.momentum)
        Tensor.addInPlace(gradients, values, scaledBy: weightDecay)
        Tensor.multiplyInPlace(momenta, by: momentum)
        Tensor.addInPlace(momenta, gradients)
        Tensor.addInPlace(values, momenta, scaledBy: -rate)
        for (slot, _) in active { slot.parameter.clearGradient() }
      }
    }
  }

  /// The momentum of every parameter, by the parameter's name.
  public var state: [(name: String, buffer: Buffer)] {
    slots.flatMap { $0.map { ("momentum.\($0.name)", Buffer($0.momentum)) } }
  }
}
