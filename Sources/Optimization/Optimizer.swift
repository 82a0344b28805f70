import NeuralNetworks

/// Something that moves parameters along their gradients.
public protocol Optimizer: AnyObject {
  /// Updates the parameters of each group at the group's learning rate, then forgets the gradients.
  func step(learningRates: [Double])
  /// Everything that must be saved to continue exactly.
  var state: [(name: String, buffer: Buffer)] { get }
}

/// Which optimizer and how its rate changes; the `optimizer` section of a configuration.
public struct OptimizerConfiguration: Codable, Sendable, Equatable {
  /// The update rule.
  public enum Name: String, Codable, Sendable, CaseIterable {
    /// Stochastic gradient descent with momentum.
    case sgd
  }

  /// The update rule.
  public var name = Name.sgd
  /// The rate for a batch of 256 images.
  public var learningRate = 0.05
  /// The share of the last update that is kept.
  public var momentum = 0.9
  /// The pull towards zero, on all parameters.
  public var weightDecay = 1e-4
  /// How the rate changes.
  public var schedule = Schedule()

  /// SimSiam's published setting for ImageNet.
  public init() {}

  /// The rate for a batch size, by the linear rule: `learningRate` · batch / 256.
  public func baseRate(batchSize: Int) -> Double {
    learningRate * Double(batchSize) / 256
  }

  /// The rate of each group at a position.
  public func learningRates(of groups: [ParameterGroup], batchSize: Int, at progress: TrainingProgress) -> [Double] {
    let base = baseRate(batchSize: batchSize)
    return groups.map { $0.keepsBaseRate ? base : base * schedule.factor(at: progress) }
  }

  /// Makes the optimizer for parameter groups.
  public func makeOptimizer(for groups: [ParameterGroup]) -> any Optimizer {
    switch name {
    case .sgd: SGD(groups, momentum: momentum, weightDecay: weightDecay)
    }
  }
}
