import NeuralNetworks

/// Parameters that are optimized alike.
public struct ParameterGroup {
  /// The group's name in logs.
  public var name: String
  /// The parameters by name, for checkpoints.
  public var parameters: [(name: String, parameter: Parameter)]
  /// Whether their learning rate stays at its base value whatever the schedule (SimSiam's predictor).
  public var keepsBaseRate: Bool
  /// Epochs at the beginning during which they stay as they are (DINO's last layer).
  public var frozenEpochs: Int

  /// Groups parameters.
  public init(
    _ name: String, _ parameters: [(name: String, parameter: Parameter)], keepsBaseRate: Bool = false,
    frozenEpochs: Int = 0
  ) {
    self.name = name
    self.parameters = parameters
    self.keepsBaseRate = keepsBaseRate
    self.frozenEpochs = frozenEpochs
  }
}
