import HardViewSelection
import ImageData
import NeuralNetworks
import Objectives
import Optimization
import RunRecords
import Torch

/// Writes `metrics.jsonl`: averages over the steps since the line before.
final class MetricsRecorder: TrainingObserver {
  private let log: StepLog
  private let everySteps: Int
  private let health: Health
  private let healthLog: HealthLog
  private let tensorBoard: TensorBoardRecorder?
  private let clock: StageClock
  private let events: TrainingEvents
  private let signals: SignalHistory
  private let learningRate: (TrainingProgress) -> Double
  private var metrics = MetricsAccumulator()
  /// Of all lines so far.
  private var waitedSeconds = 0.0

  init(
    _ directory: RunDirectory, everySteps: Int, health: Health, healthLog: HealthLog,
    tensorBoard: TensorBoardRecorder?, clock: StageClock, events: TrainingEvents, signals: SignalHistory,
    learningRate: @escaping (TrainingProgress) -> Double
  ) {
    log = StepLog(path: directory.metricsPath, counts: .stepsTaken)
    self.everySteps = everySteps
    self.health = health
    self.healthLog = healthLog
    self.tensorBoard = tensorBoard
    self.clock = clock
    self.events = events
    self.signals = signals
    self.learningRate = learningRate
  }

  func resume(at position: TrainingProgress) throws {
    metrics = MetricsAccumulator()
    try log.cut(atStep: position.step)
  }

  func observe(_ step: TrainingStep, at position: TrainingProgress) throws {
    metrics.add(step)
    if position.stepInEpoch == 0 || metrics.count >= everySteps { try write(at: position) }
  }

  func finish(at position: TrainingProgress) throws {
    try write(at: position)
    try log.flush()
  }

  private func write(at position: TrainingProgress) throws {
    guard let (last, averages) = metrics.flush() else { return }
    let done = last.context.position
    let workers = Workers.current
    let embedding = try throwingExhaustion { EmbeddingHealth(of: workers.gathered(last.embedding)) }
    var line = try averages.summed(over: workers).record(
      step: position.step, epoch: done.epoch, learningRate: learningRate(done), times: clock.reset(),
      embedding: embedding)
    line.online = signals.takeUnrecorded()
    // Seconds are the first worker's, everything else is of all.
    if workers.count > 1 { line.communicationSeconds = workers.waitedSeconds - waitedSeconds }
    waitedSeconds = workers.waitedSeconds
    line = try line.shared(by: workers)
    let refused =
      refusals { () throws(RecordError) in try log.append(line) }
      + refusals { () throws(RecordError) in try tensorBoard?.take(line) }
    try health.judge(embedding, at: done)
    try health.judge(healthLog.take(line, at: position))
    if position.stepInEpoch == 0 { events.send(.epoch(done, line)) }
    // What a disk refuses is no reason not to look at the training.
    if let error = refused.first { throw error }
  }

  /// Runs `body`, and returns what it throws.
  private func refusals(_ body: () throws(RecordError) -> Void) -> [RecordError] {
    do throws(RecordError) {
      try body()
      return []
    } catch {
      return [error]
    }
  }
}

extension MetricsRecord {
  /// The first worker's record, so that all workers come to the same conclusions.
  func shared(by workers: any Communicator) throws -> MetricsRecord {
    guard workers.count > 1 else { return self }
    return JSONLines.value(MetricsRecord.self, from: try workers.gathered(JSONLines.text(self))[0]) ?? self
  }
}

/// Averages over steps until a line is due.
///
/// What has to be read from the device is read at every step on a processor, and every sixteen steps on a GPU, so that
/// not too much is kept there.
private struct MetricsAccumulator {
  private var unread: [TrainingStep] = []
  private var averages = MetricsAverages()
  private let stepsUnread = Device.current == .cpu ? 1 : 16

  /// Steps so far, those left out included.
  private(set) var count = 0

  mutating func add(_ step: TrainingStep) {
    count += 1
    unread.append(step)
    if unread.count >= stepsUnread { read() }
  }

  private mutating func read() {
    guard !unread.isEmpty else { return }
    let losses = Tensor.stacked(unread.map(\.loss)).scalars(as: Double.self)
    for (step, loss) in zip(unread, losses) where loss.isFinite { averages.add(step, loss: loss) }
    unread = []
  }

  /// The last step that was not skipped, and the averages so far; resets them.
  ///
  /// Nil where all steps were left out.
  mutating func flush() -> (last: TrainingStep, averages: MetricsAverages)? {
    read()
    guard let last = averages.last else { return nil }
    defer { self = MetricsAccumulator() }
    return (last, averages)
  }
}

/// The averages of a line of metrics.
private struct MetricsAverages {
  private(set) var last: TrainingStep?
  private var count = 0
  private var losses = 0.0
  private var selectionShare = 0.0
  private var overflowedSteps: Int?
  private var captured = CapturedHardness()
  private var loading = LoadingTimes()
  private var statistics = SelectionStatistics()

  mutating func add(_ step: TrainingStep, loss: Double) {
    last = step
    count += 1
    losses += loss
    loading = loading + step.loading
    for choice in step.choices {
      statistics.add(choice)
      selectionShare += choice.selectedShare / Double(step.choices.count)
    }
    if let more = step.captured { captured += more }
    if let overflowed = step.overflowed { overflowedSteps = (overflowedSteps ?? 0) + Int(overflowed.number) }
  }

  /// Those of the images of all workers, which take the same steps.
  func summed(over workers: any Communicator) throws -> MetricsAverages {
    guard workers.count > 1 else { return self }
    var all = self
    all.statistics = try statistics.summed(over: workers)
    all.captured = try captured.summed(over: workers)
    all.selectionShare = try workers.sums([selectionShare])[0] / Double(workers.count)
    return all
  }

  func record(
    step: Int, epoch: Int, learningRate: Double, times: StageTimes, embedding: EmbeddingHealth
  ) -> MetricsRecord {
    MetricsRecord(
      step: step, epoch: epoch, loss: losses / Double(count), learningRate: learningRate,
      imagesPerSecond: Double(statistics.images) / times.total, dataSeconds: times[.data],
      readingSeconds: loading.reading, decodingSeconds: loading.decoding, renderingSeconds: loading.rendering,
      candidateSeconds: times[.candidates], selectionSeconds: times[.selection], trainingSeconds: times[.training],
      auditSeconds: times[.audit], evaluationSeconds: times[.evaluation], otherSeconds: times[.other],
      processorSeconds: times.processorSeconds(without: .evaluation), overflowedSteps: overflowedSteps,
      selectionShare: selectionShare / Double(count), selectedOverlap: statistics.selectedOverlap,
      randomOverlap: statistics.randomOverlap, rejectedOverlap: statistics.rejectedOverlap,
      leastOverlapShare: statistics.leastOverlapShare, selectedScore: statistics.selectedScore,
      randomScore: statistics.randomScore, capturedHardness: captured.total,
      capturedPredictedHardness: captured.predicted, capturedImageHardness: captured.imageSpecific,
      exactImageHardness: captured.exactImageSpecific, featureStandardDeviation: embedding.deviation,
      featureRank: embedding.rank)
  }
}
