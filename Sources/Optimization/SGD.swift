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
  public func step(_ settings: [GroupSettings], where isSound: Tensor?) {
    withoutGradients {
      for (group, settings) in zip(groups, settings) {
        guard let active = ActiveParameters(group) else { continue }
        guard Tensor.hasFusedOptimizers else {
          Tensor.addInPlace(active.gradients, active.values, scaledBy: settings.weightDecay)
          active.move(momentum: momentum, learningRate: settings.learningRate, where: isSound)
          active.clearGradients()
          continue
        }
        Tensor.updateBySGD(
          active.values, gradients: active.gradients, momenta: active.memory(0), learningRate: settings.learningRate,
          momentum: momentum, weightDecay: settings.weightDecay, foundInfinity: isSound?.asFoundInfinity)
        active.clearGradients()
      }
    }
  }

  /// The momentum of every parameter, by the parameter's name.
  public var state: [(name: String, buffer: Buffer)] {
    groups.flatMap { $0.map { ("momentum.\($0.name)", Buffer($0.memory[0])) } }
  }
}
