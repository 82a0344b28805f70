import Foundation
import Processors

/// Where the time of the thread that trains goes: every moment belongs to one stage, so the stages add up to all of it.
///
/// On a GPU a stage's time is that of asking for its work, and of waiting where a stage reads results.
public final class StageClock {
  /// The stages of the training thread.
  public enum Stage: Int, CaseIterable, Sendable {
    /// Waiting for images and views.
    case data
    /// Rendering views that the loader did not render, and sending pixels to the device.
    case candidates
    /// Choosing views.
    case selection
    /// The forward and backward passes of the chosen views, and the update.
    case training
    /// Measuring what selection captures: audits and calibrations.
    case audit
    /// Measuring the encoder.
    case evaluation
    /// Everything else: records, checkpoints, observers.
    case other
  }

  private var seconds = [Double](repeating: 0, count: Stage.allCases.count)
  private var processorSeconds = [Double](repeating: 0, count: Stage.allCases.count)
  private var stage = Stage.other
  private var last = ContinuousClock.now
  private var lastProcessor = ProcessInfo.processInfo.processorSeconds

  /// Starts in the stage `other`.
  public init() {}

  /// Begins a stage; the time until now belongs to the one before.
  ///
  /// Returns the one before.
  @discardableResult
  public func enter(_ next: Stage) -> Stage {
    let now = ContinuousClock.now
    seconds[stage.rawValue] += (now - last) / .seconds(1)
    last = now
    let processor = ProcessInfo.processInfo.processorSeconds
    processorSeconds[stage.rawValue] += processor - lastProcessor
    lastProcessor = processor
    defer { stage = next }
    return stage
  }

  /// Runs `body` as a stage and goes on with the stage before.
  public func during<Result, Failure: Error>(
    _ stage: Stage, _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let previous = enter(stage)
    defer { enter(previous) }
    return try body()
  }

  /// Seconds of a stage since the last reset.
  public subscript(stage: Stage) -> Double {
    enter(self.stage)
    return seconds[stage.rawValue]
  }

  /// Seconds of every stage since the last reset, then starts at zero.
  public func reset() -> StageTimes {
    enter(stage)
    defer {
      seconds = Array(repeating: 0, count: seconds.count)
      processorSeconds = seconds
    }
    return StageTimes(seconds: seconds, processorSeconds: processorSeconds)
  }
}

/// Seconds of every stage.
public struct StageTimes: Sendable, Equatable {
  fileprivate let seconds: [Double]
  fileprivate let processorSeconds: [Double]

  /// Seconds of one stage.
  public subscript(stage: StageClock.Stage) -> Double { seconds[stage.rawValue] }
  /// Seconds of all stages.
  public var total: Double { seconds.reduce(0, +) }
  /// Processor seconds that all threads of the process took during all stages but some.
  public func processorSeconds(without excluded: StageClock.Stage...) -> Double {
    excluded.reduce(processorSeconds.reduce(0, +)) { $0 - processorSeconds[$1.rawValue] }
  }
}
