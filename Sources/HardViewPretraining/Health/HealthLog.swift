import Foundation
import ImageData
import NeuralNetworks
import Objectives
import Optimization
import RunRecords

/// Writes `health.jsonl`, and says each kind of finding once.
final class HealthLog: TrainingObserver {
  private let log: StepLog
  private let metricsPath: String
  private let dataset: any ImageDataset
  private var fingerprints: ImageFingerprints?
  private let events: TrainingEvents
  private var said: Set<HealthFinding.Kind> = []
  private var lines: [MetricsRecord] = []
  private var epochs: [HealthRules.Epoch] = []
  private var spikes = LossSpikes()
  /// Whether what was found in steps that are undone stays written.
  private var keepsLines = false

  /// - Parameter fingerprints: What the loader finds of copies among the images.
  init(
    _ directory: RunDirectory, dataset: any ImageDataset, fingerprints: ImageFingerprints?, events: TrainingEvents
  ) {
    log = StepLog(path: directory.healthPath, counts: .stepsTaken)
    metricsPath = directory.metricsPath
    self.dataset = dataset
    self.fingerprints = fingerprints
    self.events = events
  }

  func resume(at position: TrainingProgress) throws {
    if !keepsLines { try log.cut(atStep: position.step) }
    keepsLines = false
    said = Set(try JSONLines.sample(HealthFinding.self, from: log.path, limit: 1000).records.map(\.kind))
    (lines, epochs, spikes) = ([], [], LossSpikes())
    let earlier = try JSONLines.sample(MetricsRecord.self, from: metricsPath, limit: 10_000).records
    for line in earlier where line.step <= position.step { add(line) }
  }

  /// To be called before training goes back, so that `resume` drops no finding: they say why.
  func goBack() { keepsLines = true }

  func finish(at position: TrainingProgress) throws { try log.flush() }

  /// Losses and lines of metrics are handed over by those who have read them.
  func observe(_ step: TrainingStep, at position: TrainingProgress) {}

  /// Looks at the loss of a batch.
  func take(_ loss: Double, in context: StepContext) {
    guard let usual = spikes.spike(loss) else { return }
    let names = context.draw.samples.prefix(5).map { dataset.name(at: $0) }.joined(separator: ", ")
    record(
      HealthFinding(
        step: context.position.step + 1, epoch: context.position.epoch, kind: .lossSpike,
        message: String(
          format: "The loss of a batch was %.3f, after a mean of %.3f (standard deviation %.3f). ", loss, usual.mean,
          usual.deviation) + "Its first images: \(names).",
        advice: "Look at them (hardviews views), or try optimizer.clipping.kind=global or a lower "
          + "optimizer.learning_rate"))
  }

  /// Looks at a line of metrics; at the end of an epoch, at the epoch.
  /// - Returns: What was found for the first time.
  func take(_ line: MetricsRecord, at position: TrainingProgress) -> [HealthFinding] {
    add(line)
    guard position.stepInEpoch == 0 else { return [] }
    let rules = HealthRules(epochs: epochs + [HealthRules.Epoch(lines)])
    // Most images have been seen in the first epoch that ends.
    let copies = fingerprints.flatMap { rules.repeatedImages($0.finish(), name: dataset.name) }
    fingerprints = nil
    let findings = (rules.findings + [copies].compactMap { $0 }).filter { !said.contains($0.kind) }
    for finding in findings { record(finding) }
    return findings
  }

  private func add(_ line: MetricsRecord) {
    if let last = lines.last, last.epoch != line.epoch {
      epochs.append(HealthRules.Epoch(lines))
      lines = []
    }
    lines.append(line)
  }

  /// Writes a finding and warns, unless its kind was said before.
  ///
  /// - Parameters:
  ///   - isSaid: Whether somebody else warns of it.
  ///   - repeats: Whether it is said every time.
  func record(_ finding: HealthFinding, isSaid: Bool = false, repeats: Bool = false) {
    guard said.insert(finding.kind).inserted || repeats else { return }
    if !isSaid { events.send(.warning("\(finding.message) \(finding.advice).")) }
    do throws(RecordError) {
      try log.append(finding)
    } catch {
      // No reason to hide what was found, or not to react to it.
      events.send(.warning("\(error)"))
    }
  }
}

/// Finds losses that are far above those before.
struct LossSpikes {
  private var recent: [Double] = []
  /// Losses that a loss is compared with, and at least so many.
  private static let (window, least) = (100, 30)
  /// Standard deviations above the mean.
  private static let limit = 8.0

  /// Compares a loss with those before, and keeps it; their mean and standard deviation where it stands out.
  mutating func spike(_ loss: Double) -> (mean: Double, deviation: Double)? {
    guard loss.isFinite else { return nil }
    defer { recent = recent.suffix(Self.window - 1) + [loss] }
    guard recent.count >= Self.least else { return nil }
    let mean = recent.reduce(0, +) / Double(recent.count)
    let deviation = (recent.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(recent.count)).squareRoot()
    return loss - mean > Self.limit * max(deviation, 1e-6) ? (mean, deviation) : nil
  }
}
