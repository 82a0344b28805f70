import Foundation

/// A run's folder and the files in it.
public struct RunDirectory: Sendable, Equatable {
  /// Where it is.
  public let path: String

  /// The resolved configuration.
  public var configurationPath: String { path + "/configuration.yaml" }
  /// One line for every interval of training.
  public var metricsPath: String { path + "/metrics.jsonl" }
  /// What was drawn for some images, and what was chosen.
  public var viewsPath: String { path + "/views.jsonl" }
  /// Images that could not be used.
  public var skippedPath: String { path + "/skipped.jsonl" }
  /// All that is needed to resume.
  public var checkpointPath: String { path + "/checkpoints/last.safetensors" }
  /// The encoder alone.
  public var encoderPath: String { path + "/checkpoints/encoder.safetensors" }
  /// Results of evaluations.
  public var evaluationPath: String { path + "/evaluation" }

  /// Makes a new run folder.
  /// - Throws: `RecordError` when something is there already, or the folder cannot be made. Nothing is overwritten.
  public static func create(at path: String) throws(RecordError) -> RunDirectory {
    let manager = FileManager.default
    if manager.fileExists(atPath: path) {
      let contents = try? manager.contentsOfDirectory(atPath: path)
      guard contents?.isEmpty == true else {
        let isRun = manager.fileExists(atPath: RunDirectory(path: path).configurationPath)
        throw RecordError(
          path: path, reason: isRun ? "holds a run already" : "exists and is not an empty folder",
          advice: isRun
            ? "Continue it with `hardviews pretrain --resume \(path)`, or choose another --output"
            : "Choose another --output")
      }
    }
    let directory = RunDirectory(path: path)
    do {
      try manager.createDirectory(atPath: path + "/checkpoints", withIntermediateDirectories: true)
      try manager.createDirectory(atPath: directory.evaluationPath, withIntermediateDirectories: true)
    } catch {
      throw RecordError(
        path: path, reason: "cannot be made into a run folder (\(Self.reason(error)))",
        advice: "Choose another --output, or make room")
    }
    return directory
  }

  /// Opens an existing run folder.
  /// - Throws: `RecordError` when there is no folder, or it is no run.
  public static func open(at path: String) throws(RecordError) -> RunDirectory {
    let directory = RunDirectory(path: path)
    guard FileManager.default.fileExists(atPath: path) else {
      throw RecordError(path: path, reason: "there is no such folder", advice: "Name a run folder, such as runs/demo")
    }
    guard FileManager.default.fileExists(atPath: directory.configurationPath) else {
      throw RecordError(
        path: path, reason: "is no run folder (it has no configuration.yaml)",
        advice: "Name a folder that `hardviews pretrain` or `hardviews demo` wrote")
    }
    return directory
  }

  /// Writes the resolved configuration.
  public func writeConfiguration(_ yaml: String) throws(RecordError) {
    try AtomicFile.write(yaml, to: configurationPath)
  }

  /// Reads the resolved configuration.
  public func readConfiguration() throws(RecordError) -> String {
    guard let text = try? String(contentsOfFile: configurationPath, encoding: .utf8) else {
      throw RecordError(path: configurationPath, reason: "cannot be read", advice: "Check that it is a readable text file")
    }
    return text
  }

  /// Writes a result as `evaluation/NAME.json`.
  public func writeEvaluation(_ result: some Encodable, named name: String) throws(RecordError) {
    try writeJSON(result, to: "\(evaluationPath)/\(name).json")
  }

  private static func reason(_ error: any Error) -> String {
    let cause = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
    return cause.map { String(cString: strerror(Int32($0.code))) } ?? error.localizedDescription
  }
}

/// Writes a value as indented JSON with snake-case keys, atomically.
public func writeJSON(_ value: some Encodable, to path: String) throws(RecordError) {
  let encoder = JSONLines.encoder()
  encoder.outputFormatting.insert(.prettyPrinted)
  guard let data = try? encoder.encode(value) else {
    preconditionFailure("\(type(of: value)) cannot be encoded as JSON")
  }
  try AtomicFile.write(String(decoding: data, as: UTF8.self) + "\n", to: path)
}
