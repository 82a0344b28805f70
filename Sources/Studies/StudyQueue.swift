import Foundation
import HardViewPretraining
import Processors
import RunConfiguration
import RunRecords

/// Carries out the runs of a study, several at once, each in processes of its own.
///
/// Runs that were finished before are not repeated, and those that were interrupted go on. One seed comes after the
/// other, so that pairs come in from the beginning; within a seed the runs that are known to take longest come first.
public final class StudyQueue {
  /// What happens.
  public enum Event: Sendable {
    /// A run began or went on.
    case began(StudyRun)
    /// A run was trained and measured.
    case finished(RunResult, done: Int, of: Int, secondsLeft: Double?)
    /// A run failed; the others go on.
    case failed(RunFailure)
    /// The epochs of an arm were stretched.
    case stretched(String)
    /// The time given does not suffice for another seed.
    case outOfTime(seedsLeft: Int)
  }

  /// How the runs ended.
  public enum Outcome: Sendable, Equatable {
    /// All of them, or all that there was time for.
    case finished
    /// It was asked to stop.
    case interrupted
  }

  /// What the queue may use.
  public struct Resources: Sendable {
    /// Runs that take place at once; 0 takes one for every two cores, or one for every GPU.
    public var atOnce = 0
    /// Graphics processors that runs on `cuda` are spread over, as CUDA_VISIBLE_DEVICES names them.
    public var gpus = Self.visibleGPUs
    /// Cores that the runs share.
    public var cores = ProcessInfo.processInfo.usableProcessorCount
    /// Seconds in which no seed is begun that would not end in time; nil for any time.
    public var budget: Double?
    /// What the machine has.
    public init() {}

    /// The GPUs that this process may use.
    private static var visibleGPUs: [String] {
      if let visible = ProcessInfo.processInfo.environment["CUDA_VISIBLE_DEVICES"] {
        return visible.split(separator: ",").map(String.init)
      }
      let entries = try? FileManager.default.contentsOfDirectory(atPath: "/proc/driver/nvidia/gpus")
      return (entries ?? []).indices.map(String.init)
    }
  }

  /// Pairs whose times decide how far epochs are stretched.
  private static let timedPairs = 3

  private struct Job {
    var run: StudyRun
    var process: ChildProcess
    var isMeasuring: Bool
    var slot: Int
    var start: ContinuousClock.Instant
  }

  private let study: Study
  private let folder: StudyFolder
  private let resources: Resources
  private let onEvent: (Event) -> Void
  private let reports: (StudyReport) throws -> Void
  private let begin = ContinuousClock.now

  private var results: [StudyRun: RunResult] = [:]
  private var failures: [StudyRun: RunFailure] = [:]
  private var seconds: [StudyRun: Double] = [:]
  private var waiting: [StudyRun]
  private var running: [Job] = []

  /// A queue of the runs of a study that are not finished yet.
  ///
  /// - Parameters:
  ///   - study: What is to be done.
  ///   - folder: Where.
  ///   - resources: With what.
  ///   - onReport: Given the results so far at the beginning and whenever there are new ones.
  ///   - onEvent: Told what happens.
  init(
    _ study: Study, in folder: StudyFolder, resources: Resources, onReport: @escaping (StudyReport) throws -> Void,
    onEvent: @escaping (Event) -> Void
  ) throws {
    self.study = study
    self.folder = folder
    self.resources = resources
    self.onEvent = onEvent
    reports = onReport
    waiting = []
    for run in folder.runs(of: study) {
      if let result = try run.result(of: study) { results[run] = result } else { waiting.append(run) }
    }
  }

  /// Runs that take place at once.
  private var atOnce: Int {
    if resources.atOnce > 0 { return resources.atOnce }
    if study.atOnce > 0 { return study.atOnce }
    return usesGPUs ? resources.gpus.count : max(1, resources.cores / 2)
  }

  private var usesGPUs: Bool {
    !resources.gpus.isEmpty
      && study.conditions.contains { condition in
        study.arms.contains { study.configuration(of: $0.name, in: condition).values.device == .cuda }
      }
  }

  /// Carries out all runs, or as many as there is time for.
  ///
  /// - Parameter shouldStop: Asked again and again; runs that are stopped write a checkpoint first.
  /// - Throws: `RecordError` where the folder of the study cannot be written to; then runs are stopped, too.
  func run(shouldStop: () -> Bool) throws -> Outcome {
    defer { stopAll() }
    try reports(report)
    while true {
      if shouldStop() {
        stopAll()
        return .interrupted
      }
      while running.count < atOnce, let run = next() { try start(run) }
      if running.isEmpty { return .finished }
      usleep(50_000)
      for index in running.indices.reversed() where !running[index].process.isRunning {
        try end(running.remove(at: index))
      }
    }
  }

  /// The results so far.
  var report: StudyReport {
    StudyReport(
      of: study, results: folder.runs(of: study).compactMap { results[$0] },
      failures: folder.runs(of: study).compactMap { failures[$0] })
  }

  // MARK: - Which run is next

  func next() -> StudyRun? {
    // An arm that is to take as long as another waits until that one's time is known.
    let ready = waiting.filter { run in
      guard let arm = study.arm(run.arm), arm.asLongAs != nil else { return true }
      return stretch(of: arm, in: run.condition) != nil
    }
    guard let seed = study.seeds.first(where: { seed in ready.contains { $0.seed == seed } }) else {
      failStretched()
      return nil
    }
    let candidates = ready.filter { $0.seed == seed }
    let newSeeds = self.newSeeds
    // What was begun is brought to its end in any case.
    let needed = running.map(\.run) + waiting.filter { $0.seed == seed || !newSeeds.contains($0.seed) }
    if newSeeds.contains(seed), let budget = resources.budget, let expected = expectedSeconds(needed),
      elapsed + expected > budget
    {
      waiting.removeAll { newSeeds.contains($0.seed) }
      onEvent(.outOfTime(seedsLeft: newSeeds.count))
      return next()
    }
    let run = candidates.enumerated().max { left, right in
      let (a, b) = (expectedSeconds(left.element) ?? 0, expectedSeconds(right.element) ?? 0)
      return a == b ? left.offset > right.offset : a < b
    }!.element
    waiting.removeAll { $0 == run }
    return run
  }

  /// Runs that wait for times which nothing will tell any more.
  private func failStretched() {
    guard running.isEmpty else { return }
    for run in waiting {
      guard let other = study.arm(run.arm)?.asLongAs else { continue }
      fail(run, "is to train as long as \(other), of which no run has finished")
    }
    waiting = []
  }

  private var elapsed: Double { (ContinuousClock.now - begin) / .seconds(1) }

  /// Seeds of which no run has begun.
  private var newSeeds: [Int] {
    study.seeds.filter { seed in
      waiting.count { $0.seed == seed } == study.conditions.count * study.arms.count
    }
  }

  /// The seconds that a run takes by those of its arm, in the mean over their seeds; where there are none, by those of the
  /// arm that it is to take as long as; nil while neither is known.
  ///
  /// Of runs that were finished before, measuring is not known and left out.
  private func expectedSeconds(_ run: StudyRun) -> Double? {
    func mean(of arm: String) -> Double? {
      let known = results.filter { $0.key.arm == arm && $0.key.condition == run.condition }
        .map { seconds[$0.key] ?? $0.value.trainingSeconds }
      return known.isEmpty ? nil : known.reduce(0, +) / Double(known.count)
    }
    return mean(of: run.arm) ?? study.arm(run.arm)?.asLongAs.flatMap(mean)
  }

  /// The seconds that runs take, several at once; nil while some are not known.
  private func expectedSeconds(_ runs: [StudyRun]) -> Double? {
    let known = runs.compactMap(expectedSeconds)
    return known.count == runs.count ? known.reduce(0, +) / Double(atOnce) : nil
  }

  private var secondsLeft: Double? { expectedSeconds(waiting + running.map(\.run)) }

  // MARK: - Stretched epochs

  /// The epochs with which an arm trains as long as another, by the runs of both that are finished; nil while there are
  /// none.
  ///
  /// It takes the median of three seeds, or of all where they are fewer. Once a run has begun with them they stay, so that
  /// all seeds train alike.
  private func stretch(of arm: Study.Arm, in condition: Study.Condition) -> Int? {
    guard let other = arm.asLongAs, let twin = arm.twin else { return nil }
    for seed in study.seeds {
      let settings = folder.run(of: arm.name, seed: seed, in: condition).settingsPath
      if let saved = try? ConfigurationTree(contentsOf: settings), case .integer(let epochs) = saved["training.epochs"]
      {
        return epochs
      }
    }
    // Runs of one seed took place at about the same time, on a machine as busy.
    let ratios = study.seeds.compactMap { seed -> Double? in
      guard let long = results[folder.run(of: other, seed: seed, in: condition)],
        let short = results[folder.run(of: twin, seed: seed, in: condition)]
      else { return nil }
      let seconds = long.seconds(beside: short)
      return seconds.other > 0 ? seconds.own / seconds.other * Double(short.epochs) : nil
    }.sorted()
    // One pair of times may be far off on a busy machine.
    let areMoreToCome = (waiting + running.map(\.run)).contains {
      $0.condition == condition && ($0.arm == other || $0.arm == twin)
    }
    guard !ratios.isEmpty, ratios.count >= Self.timedPairs || !areMoreToCome else { return nil }
    return max(1, Int(ratios[ratios.count / 2].rounded()))
  }

  // MARK: - Beginning and ending

  private func start(_ run: StudyRun) throws {
    guard let arm = study.arm(run.arm) else { return }
    waitForOrphan(of: run)
    var epochs: Int?
    if let other = arm.asLongAs {
      epochs = stretch(of: arm, in: run.condition)
      if let epochs, !FileManager.default.fileExists(atPath: run.settingsPath) {
        let usual = study.configuration(of: arm.name, in: run.condition).values.training.epochs
        onEvent(
          .stretched("\(run.name) trains \(epochs) epochs instead of \(usual), to take as long as \(other)"))
      }
    }
    try folder.prepare(run, of: study, epochs: epochs)
    let slot = (0..<atOnce).first { slot in !running.contains { $0.slot == slot } } ?? 0
    onEvent(.began(run))
    try launch(run, isMeasuring: arm.isUntrained || isTrained(run), slot: slot, since: .now)
  }

  /// Waits for a run whose study was killed: it notices that at its next step, and writes a checkpoint.
  private func waitForOrphan(of run: StudyRun) {
    guard let directory = try? RunDirectory.open(at: run.trainingPath) else { return }
    let start = ContinuousClock.now
    while RunLock.isHeld(directory), ContinuousClock.now - start < .seconds(120) {
      usleep(50_000)
    }
  }

  /// Whether training has ended before, so that only measuring is left.
  private func isTrained(_ run: StudyRun) -> Bool {
    run.measured() != nil
  }

  private func launch(_ run: StudyRun, isMeasuring: Bool, slot: Int, since start: ContinuousClock.Instant) throws {
    let threads = max(1, resources.cores / atOnce)
    let arguments =
      isMeasuring
      ? ["compare", "--measure", run.folder, "--threads", "\(threads)"]
      : ["pretrain", run.settingsPath, "--output", run.trainingPath, "--resume-or-start"]
        + threadSettings(of: run, threads)
    let gpus = resources.gpus
    let environment = gpus.count > 1 ? ["CUDA_VISIBLE_DEVICES": gpus[slot % gpus.count]] : [:]
    let process = try ChildProcess(arguments, logPath: run.logPath, environment: environment)
    running.append(Job(run: run, process: process, isMeasuring: isMeasuring, slot: slot, start: start))
  }

  /// Shares the cores out, where the settings leave that to the machine.
  private func threadSettings(of run: StudyRun, _ threads: Int) -> [String] {
    let values = study.configuration(of: run.arm, in: run.condition).values
    var settings: [String] = []
    if values.threads == 0 { settings += ["--set", "threads=\(threads)"] }
    if values.data.loaderThreads < 0 { settings += ["--set", "data.loader_threads=\(threads)"] }
    return settings
  }

  private func end(_ job: Job) throws {
    switch job.process.ending() {
    case .finished where !job.isMeasuring:
      try launch(job.run, isMeasuring: true, slot: job.slot, since: job.start)
    case .finished:
      guard let result = try job.run.result(of: study) else {
        return fail(job.run, "left no measures")
      }
      results[job.run] = result
      seconds[job.run] = (ContinuousClock.now - job.start) / .seconds(1)
      try reports(report)
      onEvent(
        .finished(
          result, done: results.count, of: folder.runs(of: study).count, secondsLeft: secondsLeft))
    case .stopped:
      // Whoever stopped it wants this run to rest, and maybe not the others; it goes on with the next call.
      fail(job.run, "was stopped; --resume goes on with it")
    case .failed(let reason):
      fail(job.run, (job.isMeasuring ? "could not be measured: it " : "") + reason)
    }
  }

  private func fail(_ run: StudyRun, _ reason: String) {
    let failure = RunFailure(
      condition: run.condition, arm: run.arm, seed: run.seed, reason: reason, log: run.logPath)
    failures[run] = failure
    try? writeText(reason, to: run.failurePath)
    onEvent(.failed(failure))
    try? reports(report)
  }

  private func stopAll() {
    for job in running where job.process.isRunning { job.process.stop() }
    for job in running { _ = job.process.ending() }
    running = []
  }
}
