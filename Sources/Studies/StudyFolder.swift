import Foundation
import HardViewPretraining
import RunConfiguration
import RunRecords

/// The folder of a study: the study itself, its runs and its reports.
public struct StudyFolder: Sendable, Equatable {
  /// Where it is.
  public let path: String

  /// The study that is being carried out here.
  public var studyPath: String { path + "/comparison.yaml" }
  /// Which process carries it out.
  public var lockPath: String { path + "/study.lock" }
  /// The results, for programs.
  public var jsonPath: String { path + "/report.json" }
  /// The results, for people.
  public var markdownPath: String { path + "/report.md" }
  /// The results as a picture.
  public var picturePath: String { path + "/report.png" }

  /// A place for a study; nothing is made yet.
  public init(at path: String) {
    self.path = path
  }

  /// Whether a study was begun here.
  public var holdsStudy: Bool { FileManager.default.fileExists(atPath: studyPath) }

  /// A run's place.
  public func run(of arm: String, seed: Int, in condition: Study.Condition) -> StudyRun {
    let parts = [path, "runs", condition.set, condition.method, arm, "seed-\(seed)"]
    return StudyRun(
      condition: condition, arm: arm, seed: seed, folder: parts.filter { !$0.isEmpty }.joined(separator: "/"))
  }

  /// Every run of a study, seed by seed.
  public func runs(of study: Study) -> [StudyRun] {
    study.seeds.flatMap { seed in
      study.conditions.flatMap { condition in
        study.arms.map { run(of: $0.name, seed: seed, in: condition) }
      }
    }
  }

  /// Reads the study that is carried out here.
  /// - Throws: `RecordError` where there is none; `ConfigurationError`.
  public func readStudy() throws -> ConfigurationTree {
    guard holdsStudy else {
      throw RecordError(
        path: path, reason: "is no folder of a study (it has no comparison.yaml)",
        advice: "Name a folder that `hardviews compare` wrote")
    }
    return try ConfigurationTree(contentsOf: studyPath)
  }

  /// Locks the folder for as long as the result lives.
  /// - Throws: `RecordError` that names the process that has it.
  func lock() throws -> RunLock {
    try makeFolder(path)
    return try RunLock(
      at: lockPath, of: path, activity: "worked on", remedy: "which stops its runs after their checkpoints")
  }

  /// Makes the folder that of a study, or goes on with the study that it holds.
  ///
  /// Arms, seeds, image sets, methods and protocols may be added to a study that was begun.
  /// - Throws: `RecordError` that lists what differs where another study, or this one before a change, was begun here,
  ///   and where the folder holds something else.
  func begin(_ study: Study) throws {
    if holdsStudy {
      let differences = try StudyChanges.refused(from: readStudy(), to: study.tree)
      guard differences.isEmpty else {
        throw RecordError(
          path: path,
          reason: "holds a study that differs from this one: " + differences.joined(separator: "; "),
          advice:
            "Put the study file back as it was (arms, seeds, sets, methods and protocols may be added), or choose "
            + "another --output")
      }
      for run in runs(of: study) { try check(run, of: study) }
    } else {
      let contents = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
      guard contents.allSatisfy({ $0 == "study.lock" }) else {
        throw RecordError(
          path: path, reason: "exists and is no folder of a study", advice: "Choose another --output")
      }
    }
    try writeText(study.tree.yaml, to: studyPath)
  }

  /// Refuses to go on where the settings of a run have changed, by another recipe of another version for instance.
  private func check(_ run: StudyRun, of study: Study) throws {
    guard FileManager.default.fileExists(atPath: run.settingsPath), let arm = study.arm(run.arm) else { return }
    let saved = try ConfigurationTree(contentsOf: run.settingsPath)
    var present = study.configuration(of: run.arm, in: run.condition).tree
    present.set(.integer(run.seed), at: "seed")
    if arm.asLongAs != nil, let epochs = saved["training.epochs"] { present.set(epochs, at: "training.epochs") }
    let changes = saved.changes(to: present)
    guard changes.isEmpty else {
      throw RecordError(
        path: run.folder,
        reason: "was begun with other settings: " + changes.map(\.description).joined(separator: "; "),
        advice: "Put the settings back as they were, or choose another --output")
    }
  }

  /// The settings of a run, written for its process.
  /// - Parameter epochs: Stretched epochs; nil leaves those of the settings.
  func prepare(_ run: StudyRun, of study: Study, epochs: Int?) throws {
    try makeFolder(run.folder)
    var settings = study.configuration(of: run.arm, in: run.condition).tree
    settings.set(.integer(run.seed), at: "seed")
    if let epochs { settings.set(.integer(epochs), at: "training.epochs") }
    try writeText(settings.yaml, to: run.settingsPath)
    try writeJSON(
      RunToMeasure(
        isUntrained: study.arm(run.arm)?.isUntrained ?? false, labelled: study.labelledImages(of: run.condition.set),
        protocols: study.protocols),
      to: run.measuringPath)
    try? FileManager.default.removeItem(atPath: run.failurePath)
  }
}

/// What has changed between a study that was begun and the same one now.
enum StudyChanges {
  /// Keys that change no run.
  private static let free = ["summary", "at_once", "spread", "measures"]
  /// Sections of names, to which names may be added.
  private static let named = ["arms", "data", "methods"]

  /// The changes that a study which was begun cannot take, a sentence each.
  static func refused(from saved: ConfigurationTree, to present: ConfigurationTree) throws -> [String] {
    let (before, after) = (try StudyFile(saved), try StudyFile(present))
    var refused: [String] = []
    let missing = before.seeds.filter { !after.seeds.contains($0) }
    if !missing.isEmpty { refused.append("seeds lacks \(missing.map(String.init).joined(separator: ", "))") }
    for measured in before.protocols where !after.protocols.contains(measured) {
      refused.append("protocols lacks \(measured.name) with the settings that it had")
    }
    func rest(_ tree: ConfigurationTree) -> ConfigurationTree {
      (free + ["seeds", "protocols"]).reduce(tree) { $0.removing($1) }
    }
    for change in rest(saved).changes(to: rest(present)) {
      let parts = change.key.split(separator: ".").map(String.init)
      let isNew =
        parts.count > 1 && named.contains(parts[0]) && saved["\(parts[0]).\(parts[1])"] == nil
        && saved[parts[0]] != nil
      if isNew { continue }
      refused.append(
        "\(change.key) is \(change.after.isEmpty ? "not set" : change.after) and was "
          + (change.before.isEmpty ? "not set" : change.before))
    }
    return refused
  }
}
