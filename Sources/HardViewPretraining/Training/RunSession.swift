import Foundation
import Optimization
import RunConfiguration
import RunRecords
import Torch

/// A run folder while it is trained in: nothing in it changes before `begin`, and one process at a time is in between
/// `begin` and `end`.
final class RunSession {
  private enum Beginning {
    case new
    case resumed(ResumePoint, changes: [ConfigurationChange])
  }

  let directory: RunDirectory
  /// Where this worker's records go: the run folder for the first worker, for others a folder that is removed at the end.
  let records: RunDirectory
  private let beginning: Beginning
  /// The resolved configuration, as YAML.
  private let configuration: String
  private var lock: RunLock?

  /// A run to be made.
  init(new directory: RunDirectory, configuration: String) {
    self.directory = directory
    records = Workers.current.isFirst ? directory : .temporary()
    self.configuration = configuration
    beginning = .new
  }

  /// A run that goes on.
  /// - Parameter changes: What differs in `configuration` from what the folder holds.
  init(
    resuming directory: RunDirectory, at point: ResumePoint, configuration: String, changes: [ConfigurationChange]
  ) {
    self.directory = directory
    records = Workers.current.isFirst ? directory : .temporary()
    self.configuration = configuration
    beginning = .resumed(point, changes: changes)
  }

  /// Makes the folder, or finds it as it was; locks it; records that training begins at a position.
  ///
  /// The first worker does, and the others see that they find it.
  /// - Throws: `RecordError` when another process trains there or did meanwhile, or the disk refuses; errors of other
  ///   workers.
  func begin(at position: TrainingProgress, device: DeviceChoice, events: TrainingEvents) throws {
    let workers = Workers.current
    try workers.agreeing {
      if workers.isFirst {
        try open(at: position, device: device, events: events)
      } else {
        try makeFolder(records.path)
      }
    }
    try workers.agreeing {
      guard RunDirectory.isRun(at: directory.path) else {
        throw RecordError(
          path: directory.path, reason: "was made by worker 0, and worker \(workers.rank) does not see it",
          advice: "Choose an --output on a disk that all machines share")
      }
    }
  }

  private func open(at position: TrainingProgress, device: DeviceChoice, events: TrainingEvents) throws(RecordError) {
    var changes: [ConfigurationChange] = []
    switch beginning {
    case .new:
      try directory.make(configuration: configuration)
      lock = try RunLock(directory)
    case .resumed(let point, let changed):
      lock = try RunLock(directory)
      guard directory.savedCheckpoints() == point.found else {
        throw RecordError(
          path: directory.path, reason: "was trained by another process after this one had read its checkpoint",
          advice: "Resume it again")
      }
      changes = changed
      directory.removeUnfinishedFiles()
      try setAside(point.damaged, events: events)
      try nameLegacyCheckpoint(of: point, step: position.step)
      if !changes.isEmpty { try directory.writeConfiguration(configuration) }
      for change in changes { events.send(.note("\(change)")) }
    }
    let holder = RunLock.Holder.current
    try JSONLinesWriter(path: directory.historyPath).append(
      HistoryRecord(
        date: holder.since, step: position.step, host: holder.host, process: Int(holder.process),
        device: device.rawValue, changes: changes))
  }

  /// Unlocks the folder; a new one in which nothing was trained is removed.
  func end(atStep step: Int) {
    if case .new = beginning, lock != nil, step == 0 { directory.discard() }
    if records != directory { try? FileManager.default.removeItem(atPath: records.path) }
    lock = nil
  }

  /// Damaged checkpoints keep their content under another name, so that they are not taken for good ones again.
  private func setAside(_ damaged: [(path: String, reason: String)], events: TrainingEvents) throws(RecordError) {
    for (path, reason) in damaged {
      rename(path, path + ".damaged")
      events.send(
        .warning("\(reason) Training goes on from the checkpoint before; the damaged one is now \(path).damaged."))
    }
  }

  /// The one checkpoint of a run of an older version gets the name that it has today.
  private func nameLegacyCheckpoint(of point: ResumePoint, step: Int) throws(RecordError) {
    guard let legacy = point.found.first, legacy.step == nil, point.checkpoint != nil else { return }
    rename(legacy.path, directory.checkpointPath(atStep: step))
    try directory.link(directory.checkpointPath, toStep: step)
  }
}

/// One line of `history.jsonl`: training began or went on.
public struct HistoryRecord: Codable, Sendable, Equatable {
  /// When, in UTC.
  public var date: String
  /// Steps taken before.
  public var step: Int
  /// The machine.
  public var host: String
  /// The process.
  public var process: Int
  /// Where networks are trained.
  public var device: String
  /// What is configured otherwise than before.
  public var changes: [ConfigurationChange]
}
