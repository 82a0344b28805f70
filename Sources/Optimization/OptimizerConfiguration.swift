import NeuralNetworks

/// Which optimizer and how its rate changes; the `optimizer` section of a configuration.
public struct OptimizerConfiguration: Codable, Sendable, Equatable {
  /// The update rule.
  public enum Name: String, Codable, Sendable, CaseIterable {
    /// Stochastic gradient descent with momentum.
    case sgd
    /// Adam with decoupled weight decay.
    case adamw
    /// Layer-wise adaptive rates, for large batches.
    case lars
  }

  /// The update rule.
  public var name = Name.sgd
  /// The rate for a batch of 256 images.
  public var learningRate = 0.05
  /// The share of the last update that is kept; of SGD and LARS.
  public var momentum = 0.9
  /// The shares of the moments that are kept; of AdamW.
  public var betas = [0.9, 0.999]
  /// The term that AdamW adds to the root of the second moment.
  public var epsilon = 1e-8
  /// The η of LARS.
  public var trustCoefficient = 0.001
  /// The pull towards zero.
  public var weightDecay = 1e-4
  /// How the pull changes; `final_share` above 1 lets it grow.
  public var weightDecaySchedule = Schedule.constant
  /// Whether parameters of one dimension (biases, normalization scales) are pulled towards zero too.
  public var decaysVectors = true
  /// The rate of parameters of one dimension as a share of the others'.
  public var vectorRateShare = 1.0
  /// How the rate changes.
  public var schedule = Schedule()
  /// Epochs over which the rate rises again after each restart of the schedules (`training.restarts`); 0 for none.
  public var restartWarmupEpochs = 1.0
  /// Whether each of several workers remembers a share of what the optimizer does and moves the parameters that belong to
  /// it; weights become the same.
  public var shardsMemory = false
  /// Clipping of large gradients.
  public var clipping = ClippingConfiguration()

  /// SimSiam's published setting for ImageNet.
  public init() {}

  /// The rate for a batch size, by the linear rule: `learningRate` · batch / 256.
  public func baseRate(batchSize: Int) -> Double {
    learningRate * Double(batchSize) / 256
  }

  /// Makes the optimizer for parameter groups.
  func makeOptimizer(for groups: [ParameterGroup]) -> any Optimizer {
    switch name {
    case .sgd: SGD(groups, momentum: momentum)
    case .adamw: AdamW(groups, betas: betas, epsilon: epsilon)
    case .lars: LARS(groups, momentum: momentum, trustCoefficient: trustCoefficient)
    }
  }

  /// The first value out of range: its key path within the section, and the reason.
  public func problem() -> (key: String, reason: String)? {
    if !(learningRate > 0) { return ("learning_rate", "must be above 0, not \(learningRate)") }
    if !(0..<1).contains(momentum) { return ("momentum", "must be from 0 up to 1, not \(momentum)") }
    if betas.count != 2 || !betas.allSatisfy((0..<1).contains) {
      return ("betas", "must be two shares from 0 up to 1, not \(betas)")
    }
    for (key, value) in [
      ("epsilon", epsilon), ("trust_coefficient", trustCoefficient), ("clipping.norm", clipping.norm),
    ] where !(value > 0) {
      return (key, "must be above 0, not \(value)")
    }
    for (key, value) in [
      ("weight_decay", weightDecay), ("vector_rate_share", vectorRateShare),
      ("schedule.warmup_epochs", schedule.warmupEpochs), ("schedule.final_share", schedule.finalShare),
      ("restart_warmup_epochs", restartWarmupEpochs),
      ("weight_decay_schedule.warmup_epochs", weightDecaySchedule.warmupEpochs),
      ("weight_decay_schedule.final_share", weightDecaySchedule.finalShare),
    ] where !(value >= 0) {
      return (key, "must be 0 or more, not \(value)")
    }
    return nil
  }
}

/// Clipping of large gradients; the `clipping` section of an optimizer.
public struct ClippingConfiguration: Codable, Sendable, Equatable {
  /// Which norm is limited.
  public enum Kind: String, Codable, Sendable, CaseIterable {
    /// None.
    case none
    /// That of all gradients together.
    case global
    /// That of each parameter's gradient by itself, as the published DINO and iBOT.
    case parameter
  }

  /// Which norm is limited.
  public var kind = Kind.none
  /// The largest norm allowed.
  public var norm = 3.0

  /// No clipping.
  public init() {}
}
