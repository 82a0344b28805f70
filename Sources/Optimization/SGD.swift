import NeuralNetworks
import Torch

/// Stochastic gradient descent with momentum and weight decay, as PyTorch's: g ← g + λp; m ← μm + g; p ← p − ηm.
public final class SGD: Optimizer {
  private let groups: [[OptimizedParameter]]
  private let momentum: Double

  /// Prepares momentum buffers of zeros for every parameter.
  public init(_ groups: [ParameterGroup], momentum: Double) {
    self.momentum = momentum
    self.groups = OptimizedParameter.slots(of: groups, memory: 1)
  }

  /// One update of every parameter that has a gradient; forgets the gradients.
  public func step(_ settings: [GroupSettings]) {
    withoutGradients {
      for (group, settings) in zip(groups, settings) {
        guard let active = ActiveParameters(group) else { continue }
        let momenta = active.memory(0)
        Tensor.addInPlace(active.gradients, active.values, scaledBy: settings.weightDecay)
        Tensor.multiplyInPlace(momenta, by: momentum)
        Tensor.addInPlace(momenta, active.gradients)
        Tensor.addInPlace(active.values, momenta, scaledBy: -settings.learningRate)
        active.clearGradients()
      }
    }
  }

  /// The momentum of every parameter, by the parameter's name.
  public var state: [(name: String, buffer: Buffer)] {
    groups.flatMap { $0.map { ("momentum.\($0.name)", Buffer($0.memory[0])) } }
  }
}
