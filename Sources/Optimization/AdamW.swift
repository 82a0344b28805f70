import NeuralNetworks
import Torch

/// Adam with decoupled weight decay (Loshchilov and Hutter 2019, arXiv 1711.05101), as PyTorch's.
public final class AdamW: Optimizer {
  private let groups: [[OptimizedParameter]]
  private let steps: [[Tensor]]
  private let betas: [Double]
  private let epsilon: Double

  /// Prepares moments of zeros for every parameter.
  public init(_ groups: [ParameterGroup], betas: [Double] = [0.9, 0.999], epsilon: Double = 1e-8) {
    precondition(betas.count == 2, "Adam has two betas, not \(betas)")
    self.betas = betas
    self.epsilon = epsilon
    self.groups = OptimizedParameter.slots(of: groups, memory: 2)
    steps = groups.map { $0.parameters.map { _ in Tensor.zeros([]) } }
  }

  /// One update of every parameter that has a gradient; forgets the gradients.
  public func step(_ settings: [GroupSettings], where isSound: Tensor?) {
    withoutGradients {
      for ((group, steps), settings) in zip(zip(groups, steps), settings) {
        guard let active = ActiveParameters(group) else { continue }
        let counts = zip(group, steps).filter { $0.0.parameter.gradient != nil }.map(\.1)
        Tensor.addInPlace(counts, isSound?.converted(to: .float32) ?? .ones([]))
        Tensor.updateByAdamW(
          active.values, gradients: active.gradients, means: active.memory(0), squares: active.memory(1), steps: counts,
          learningRate: settings.learningRate, betas: betas, weightDecay: settings.weightDecay, epsilon: epsilon,
          foundInfinity: isSound?.asFoundInfinity)
        active.clearGradients()
      }
    }
  }

  /// The moments and the number of updates of every parameter, by the parameter's name.
  public var state: [(name: String, buffer: Buffer)] {
    zip(groups, steps).flatMap { group, steps in
      zip(group, steps).flatMap { slot, step in
        [
          ("mean.\(slot.name)", Buffer(slot.memory[0])), ("square.\(slot.name)", Buffer(slot.memory[1])),
          ("step.\(slot.name)", Buffer(step)),
        ]
      }
    }
  }
}
