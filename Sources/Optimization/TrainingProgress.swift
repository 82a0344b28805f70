/// Where training is; schedules are functions of it.
public struct TrainingProgress: Codable, Sendable, Equatable {
  /// Steps taken before this one, over all epochs.
  public var step: Int
  /// Steps in one epoch.
  public var stepsPerEpoch: Int
  /// Epochs in the whole training.
  public var totalEpochs: Int

  /// Makes a position; the beginning by default.
  public init(step: Int = 0, stepsPerEpoch: Int, totalEpochs: Int) {
    self.step = step
    self.stepsPerEpoch = stepsPerEpoch
    self.totalEpochs = totalEpochs
  }

  /// The current epoch, from 0.
  public var epoch: Int { step / stepsPerEpoch }
  /// The position within the current epoch, from 0.
  public var stepInEpoch: Int { step % stepsPerEpoch }
  /// Steps in the whole training.
  public var totalSteps: Int { stepsPerEpoch * totalEpochs }
  /// Whether every step has been taken.
  public var isFinished: Bool { step >= totalSteps }
}
