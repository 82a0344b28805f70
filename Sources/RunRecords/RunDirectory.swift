import AtomicFiles
import Foundation

/// A run's folder and the files in it.
public struct RunDirectory: Sendable, Equatable {
  /// Where it is.
  public let path: String

  /// The resolved configuration.
  public var configurationPath: String { path + "/configuration.yaml" }
  /// One line for every interval of training.
  public var metricsPath: String { path + "/metrics.jsonl" }
  /// The drawn and chosen views of some images.
  public var viewsPath: String { path + "/views.jsonl" }
  /// The same in SQLite, instead, with `records.views_format: sqlite`.
  public var viewsDatabasePath: String { path + "/views.sqlite" }
  /// The folder of TensorBoard's event files, with `records.tensorboard`.
  public var tensorBoardPath: String { path + "/tensorboard" }
  /// The results of calibrations where a budget chooses the policy.
  public var selectionPath: String { path + "/selection.jsonl" }
  /// What was found to be wrong with the training.
  public var healthPath: String { path + "/health.jsonl" }
  /// Images that could not be used.
  public var skippedPath: String { path + "/skipped.jsonl" }
  /// Which process trains.
  public var lockPath: String { path + "/run.lock" }
  /// One line for every time that training began or went on.
  public var historyPath: String { path + "/history.jsonl" }
  /// The folder of the checkpoints.
  public var checkpointsPath: String { path + "/checkpoints" }
  /// All that is needed to resume: a link to the newest checkpoint.
  public var checkpointPath: String { path + "/checkpoints/last.safetensors" }
  /// A link to the checkpoint with the best online signal.
  public var bestCheckpointPath: String { path + "/checkpoints/best.safetensors" }
  /// The encoder alone.
  public var encoderPath: String { path + "/checkpoints/encoder.safetensors" }
  /// Results of evaluations.
  public var evaluationPath: String { evaluation.path }
  /// The folder of the results of evaluations.
  public var evaluation: EvaluationFolder { EvaluationFolder(path: path + "/evaluation") }

  /// A place for a new run; nothing is made yet.
  /// - Throws: `RecordError` when something is there already.
  public static func planned(at path: String) throws(RecordError) -> RunDirectory {
    let manager = FileManager.default
    if manager.fileExists(atPath: path) {
      let contents = try? manager.contentsOfDirectory(atPath: path)
      guard contents?.isEmpty == true else {
        throw taken(path, isRun: isRun(at: path))
      }
    }
    return RunDirectory(path: path)
  }

  /// A folder under the system's for temporary files, for records that nobody needs; remove it with `discard()`.
  public static func temporary() -> RunDirectory {
    RunDirectory(path: NSTemporaryDirectory() + "hardviews-" + UUID().uuidString)
  }

  private static func taken(_ path: String, isRun: Bool) -> RecordError {
    RecordError(
      path: path, reason: isRun ? "holds a run already" : "exists and is not an empty folder",
      advice: isRun
        ? "Continue it with `hardviews pretrain --resume \(path)`, or choose another --output"
        : "Choose another --output")
  }

  /// Makes the folder and writes the resolved configuration into it.
  /// - Throws: `RecordError` when the disk refuses, or when another process has made the run meanwhile.
  public func make(configuration yaml: String) throws(RecordError) {
    try makeFolder(path)
    // Only one of several processes makes this folder.
    guard mkdir(checkpointsPath, 0o777) == 0 else {
      if errno == EEXIST { throw Self.taken(path, isRun: true) }
      throw RecordError(FileError(path: checkpointsPath, action: .create, code: errno))
    }
    do throws(RecordError) {
      try makeFolder(evaluationPath)
      try writeConfiguration(yaml)
    } catch {
      discard()
      throw error
    }
  }

  /// Replaces the resolved configuration.
  public func writeConfiguration(_ yaml: String) throws(RecordError) {
    try replaceFile(at: configurationPath, with: Data(yaml.utf8))
  }

  /// Removes the folder of a run that was never trained.
  ///
  /// Files that this package does not write stay, and with them the folder.
  public func discard() {
    for path in [
      configurationPath, historyPath, metricsPath, viewsPath, viewsDatabasePath, selectionPath, healthPath, skippedPath,
      lockPath,
    ] {
      unlink(path)
    }
    for path in [checkpointsPath, evaluationPath, path] { rmdir(path) }
  }

  /// Whether there is a run folder.
  public static func isRun(at path: String) -> Bool {
    FileManager.default.fileExists(atPath: RunDirectory(path: path).configurationPath)
  }

  /// Opens an existing run folder.
  /// - Throws: `RecordError` when there is no folder, or it is no run.
  public static func open(at path: String) throws(RecordError) -> RunDirectory {
    let directory = RunDirectory(path: path)
    guard FileManager.default.fileExists(atPath: path) else {
      throw RecordError(path: path, reason: "there is no such folder", advice: "Name a run folder, such as runs/demo")
    }
    guard isRun(at: path) else {
      throw RecordError(
        path: path, reason: "is no run folder (it has no configuration.yaml)",
        advice: "Name a folder that `hardviews pretrain` or `hardviews demo` wrote")
    }
    return directory
  }

  /// Reads the resolved configuration.
  public func readConfiguration() throws(RecordError) -> String {
    String(decoding: try readFile(at: configurationPath), as: UTF8.self)
  }
}

/// Makes a folder and those that it lies in, where they are not there yet.
/// - Throws: `RecordError` when the disk refuses.
public func makeFolder(_ path: String) throws(RecordError) {
  do {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  } catch {
    throw RecordError(FileError(error, path: path, action: .create))
  }
}

/// Writes a value as indented JSON with snake-case keys, atomically.
/// - Throws: `RecordError` when the disk refuses; the file that was there is as it was.
public func writeJSON(_ value: some Encodable, to path: String) throws(RecordError) {
  try replaceFile(at: path, with: JSONLines.encode(value, .prettyPrinted))
}

/// Reads a value that `writeJSON` wrote.
/// - Throws: `RecordError` when the file cannot be read or holds something else.
public func readJSON<Value: Decodable>(_ type: Value.Type, from path: String) throws(RecordError) -> Value {
  let data = try readFile(at: path)
  guard let value = try? JSONLines.decoder.decode(type, from: data) else {
    throw RecordError(
      path: path, reason: "does not hold what this version writes there",
      advice: "Remove the file, or read it with the version that wrote it")
  }
  return value
}

/// Writes text, atomically.
/// - Throws: `RecordError` when the disk refuses; the file that was there is as it was.
public func writeText(_ text: String, to path: String) throws(RecordError) {
  try replaceFile(at: path, with: Data(text.utf8))
}

func replaceFile(at path: String, with data: Data) throws(RecordError) {
  do throws(FileError) {
    try AtomicFile.write(data, to: path)
  } catch {
    throw RecordError(error)
  }
}

func readFile(at path: String) throws(RecordError) -> Data {
  do {
    return try Data(contentsOf: URL(filePath: path))
  } catch {
    throw RecordError(FileError(error, path: path, action: .read))
  }
}
