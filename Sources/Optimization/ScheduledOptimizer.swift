import NeuralNetworks
import Torch

/// An optimizer that knows where training is: clips, freezes, and sets rates and decays before each update.
public final class ScheduledOptimizer {
  private let configuration: OptimizerConfiguration
  private let batchSize: Int
  private let optimizer: any Optimizer
  private let groups: [ParameterGroup]
  /// Whether each group holds parameters of one dimension.
  private let areVectors: [Bool]

  /// Prepares to optimize groups; each is split into parameters of one dimension and others, which are treated alike
  /// only by some configurations.
  public init(_ configuration: OptimizerConfiguration, groups: [ParameterGroup], batchSize: Int) {
    self.configuration = configuration
    self.batchSize = batchSize
    var split: [ParameterGroup] = []
    var areVectors: [Bool] = []
    for group in groups {
      for isVector in [false, true] {
        var part = group
        part.parameters = group.parameters.filter { ($0.parameter.value.rank <= 1) == isVector }
        guard !part.parameters.isEmpty else { continue }
        split.append(part)
        areVectors.append(isVector)
      }
    }
    self.groups = split
    self.areVectors = areVectors
    let workers = Workers.current
    optimizer =
      configuration.shardsMemory && workers.count > 1
      ? ShardedOptimizer(split, of: workers, make: configuration.makeOptimizer)
      : configuration.makeOptimizer(for: split)
  }

  /// The learning rate of most parameters at a position, for logs.
  public func learningRate(at progress: TrainingProgress) -> Double {
    configuration.baseRate(batchSize: batchSize) * configuration.schedule.factor(at: progress)
      * restartWarmup(at: progress)
  }

  /// Rises from nearly 0 to 1, step by step, over the first epochs after a restart; else 1.
  private func restartWarmup(at progress: TrainingProgress) -> Double {
    let steps = configuration.restartWarmupEpochs * Double(progress.stepsPerEpoch)
    guard progress.hasRestarted, steps > 0 else { return 1 }
    return min(Double(progress.cycle.step + 1) / steps, 1)
  }

  /// Updates all parameters from their gradients, then forgets the gradients.
  ///
  /// - Parameter isSound: Whether there is anything to learn, a boolean scalar; where not, nothing but the gradients
  ///   changes, which is decided on the device. By default there is.
  public func step(at progress: TrainingProgress, where isSound: Tensor? = nil) {
    clip()
    for group in groups where progress.epoch < group.frozenEpochs {
      for (_, parameter) in group.parameters { parameter.clearGradient() }
    }
    optimizer.step(settings(at: progress), where: isSound)
  }

  /// All parameters that it moves.
  public var parameters: [Parameter] { groups.flatMap { $0.parameters.map(\.parameter) } }

  /// The gradients that there are.
  public var gradients: [Tensor] { groups.flatMap { $0.parameters.compactMap(\.parameter.gradient) } }

  /// Rate and decay of every group.
  package func settings(at progress: TrainingProgress) -> [GroupSettings] {
    let base = configuration.baseRate(batchSize: batchSize)
    let decay = configuration.weightDecay * configuration.weightDecaySchedule.factor(at: progress)
    return zip(groups, areVectors).map { group, isVector in
      let rate = group.keepsBaseRate ? base : learningRate(at: progress)
      return GroupSettings(
        learningRate: rate * (isVector ? configuration.vectorRateShare : 1),
        weightDecay: isVector && !configuration.decaysVectors ? 0 : decay)
    }
  }

  private func clip() {
    let gradients = gradients
    guard configuration.clipping.kind != .none, !gradients.isEmpty else { return }
    withoutGradients {
      var norms = Tensor.stacked(Tensor.norms(of: gradients))
      if configuration.clipping.kind == .global { norms = (norms * norms).sum().squareRoot().reshaped([1]) }
      // What is within the limit keeps its length.
      let shares = (Tensor.full(norms.shape, configuration.clipping.norm) / (norms + 1e-6)).clamped(from: 0, to: 1)
      if configuration.clipping.kind == .global {
        Tensor.multiplyInPlace(gradients, by: Array(repeating: shares.reshaped([]), count: gradients.count))
      } else {
        Tensor.multiplyInPlace(gradients, by: shares.split(into: gradients.count).map { $0.reshaped([]) })
      }
    }
  }

  /// Everything that must be saved to continue exactly, alive; see `Optimizer.state`.
  public var state: [(name: String, buffer: Buffer)] { optimizer.state }

  /// Bytes that are remembered in this process.
  package var memoryBytes: Double { optimizer.memoryBytes }

  /// Gathers on the first worker what is to be saved; called by all of them.
  /// - Throws: `TorchError` where others do not answer, or memory runs out.
  package func collect() throws { try optimizer.collect() }
}
