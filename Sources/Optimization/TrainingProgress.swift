/// Where training is; schedules are functions of it.
public struct TrainingProgress: Sendable, Equatable {
  /// Steps taken before this one, over all epochs.
  public var step: Int
  /// Steps in one epoch.
  public var stepsPerEpoch: Int
  /// Epochs in the whole training.
  public var totalEpochs: Int
  /// Epochs at which schedules restart, ascending, each between 0 and `totalEpochs`.
  public var restarts: [Int]

  /// Makes a position; the beginning by default, with schedules that run from the first epoch to the last.
  public init(step: Int = 0, stepsPerEpoch: Int, totalEpochs: Int, restarts: [Int] = []) {
    self.step = step
    self.stepsPerEpoch = stepsPerEpoch
    self.totalEpochs = totalEpochs
    self.restarts = restarts
  }

  /// The current epoch, from 0.
  public var epoch: Int { step / stepsPerEpoch }
  /// The position within the current epoch, from 0.
  public var stepInEpoch: Int { step % stepsPerEpoch }
  /// Steps in the whole training.
  public var totalSteps: Int { stepsPerEpoch * totalEpochs }
  /// Whether every step has been taken.
  public var isFinished: Bool { step >= totalSteps }

  /// Whether schedules have restarted before this position.
  public var hasRestarted: Bool { restarts.contains { $0 <= epoch } }

  /// The position within the current cycle of the schedules, from the last restart to the next or to the end; what runs
  /// over the whole of training is a function of this.
  ///
  /// The position itself where there are no restarts.
  public var cycle: TrainingProgress {
    let start = restarts.last { $0 <= epoch } ?? 0
    let end = restarts.first { $0 > epoch } ?? totalEpochs
    return TrainingProgress(
      step: step - start * stepsPerEpoch, stepsPerEpoch: stepsPerEpoch, totalEpochs: end - start)
  }
}

extension TrainingProgress: Codable {
  private enum CodingKeys: CodingKey {
    case step, stepsPerEpoch, totalEpochs, restarts
  }

  /// Reads a position; one of an older version has no restarts.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      step: try values.decode(Int.self, forKey: .step),
      stepsPerEpoch: try values.decode(Int.self, forKey: .stepsPerEpoch),
      totalEpochs: try values.decode(Int.self, forKey: .totalEpochs),
      restarts: try values.decodeIfPresent([Int].self, forKey: .restarts) ?? [])
  }
}
