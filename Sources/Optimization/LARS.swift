import NeuralNetworks
import Torch

/// Layer-wise adaptive rate scaling (You, Gitman and Ginsburg 2017, arXiv 1708.03888), as self-supervised training uses
/// it: g ← g + λp; g ← g · η‖p‖/‖g‖ where both norms are above zero; m ← μm + g; p ← p − rate · m.
///
/// Parameters of one dimension (biases, normalization scales) are neither decayed nor adapted.
public final class LARS: Optimizer {
  private let groups: [[OptimizedParameter]]
  private let momentum: Double
  private let trustCoefficient: Double

  /// Prepares momentum buffers of zeros for every parameter; `trustCoefficient` is η.
  public init(_ groups: [ParameterGroup], momentum: Double, trustCoefficient: Double = 0.001) {
    self.momentum = momentum
    self.trustCoefficient = trustCoefficient
    self.groups = OptimizedParameter.slots(of: groups, memory: 1)
  }

  /// One update of every parameter that has a gradient; forgets the gradients.
  public func step(_ settings: [GroupSettings], where isSound: Tensor?) {
    withoutGradients {
      for (group, settings) in zip(groups, settings) {
        guard let active = ActiveParameters(group) else { continue }
        let adapted = active.values.indices.filter { active.values[$0].rank != 1 }
        if !adapted.isEmpty {
          adapt(adapted.map { active.gradients[$0] }, adapted.map { active.values[$0] }, decay: settings.weightDecay)
        }
        active.move(momentum: momentum, learningRate: settings.learningRate, where: isSound)
        active.clearGradients()
      }
    }
  }

  private func adapt(_ gradients: [Tensor], _ values: [Tensor], decay: Double) {
    Tensor.addInPlace(gradients, values, scaledBy: decay)
    let lengths = Tensor.stacked(Tensor.norms(of: values))
    let slopes = Tensor.stacked(Tensor.norms(of: gradients))
    // One where either norm is zero; no value has to leave the device for that.
    let isDefined = (lengths * slopes) .> 0.0
    let ratios = Tensor.ones(lengths.shape).replacing(
      where: isDefined, with: lengths / slopes.clamped(from: 1e-38) * trustCoefficient)
    Tensor.multiplyInPlace(gradients, by: ratios.split(into: gradients.count).map { $0.reshaped([]) })
  }

  /// The momentum of every parameter, by the parameter's name.
  public var state: [(name: String, buffer: Buffer)] {
    groups.flatMap { $0.map { ("momentum.\($0.name)", Buffer($0.memory[0])) } }
  }
}
