import AtomicFiles
import Foundation

/// The program, called by itself for a part of a study, with a log file of its own.
///
/// The part ends with the study: it is told the study's process and stops when that is its parent no longer.
public final class ChildProcess {
  /// How a part ended.
  enum Ending: Equatable {
    /// It did its work.
    case finished
    /// It was asked to stop, and did.
    case stopped
    /// It failed, with the reason in words.
    case failed(String)
  }

  /// The variable of the environment that tells a part the process that it belongs to.
  private static let parentVariable = "HARDVIEWS_STUDY_PROCESS"

  /// Whether this process is a part of a study whose own process has ended.
  public static var isOrphan: Bool {
    guard let parent else { return false }
    return getppid() != parent
  }

  /// Ends this process with its study, however busy it is: what is lost is made again.
  static func endWithStudy() {
    guard parent != nil else { return }
    if isOrphan { _exit(130) }
    Thread.detachNewThread {
      while !ChildProcess.isOrphan { usleep(200_000) }
      _exit(130)
    }
  }

  private static let parent = ProcessInfo.processInfo.environment[parentVariable].flatMap { pid_t($0) }

  private let process = Process()
  private let logPath: String

  /// Starts the program.
  ///
  /// - Parameters:
  ///   - arguments: What it is to do.
  ///   - logPath: The file that its output is appended to.
  ///   - environment: Laid over this process's environment.
  init(_ arguments: [String], logPath: String, environment: [String: String] = [:]) throws {
    self.logPath = logPath
    let descriptor = open(logPath, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw FileError(path: logPath, action: .write, code: errno) }
    let log = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    try log.write(contentsOf: Data("$ hardviews \(arguments.joined(separator: " "))\n".utf8))
    // Not by its name, which another version may have by now.
    process.executableURL = URL(filePath: "/proc/self/exe")
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
      .merging([Self.parentVariable: "\(getpid())"]) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = log
    process.standardError = log
    try process.run()
    try log.close()
  }

  /// Whether it still runs.
  var isRunning: Bool { process.isRunning }

  /// Asks it to stop: a training writes a checkpoint first.
  func stop() { process.terminate() }

  /// How it ended; waits for that.
  func ending() -> Ending {
    process.waitUntilExit()
    let status = process.terminationStatus
    if process.terminationReason == .uncaughtSignal {
      if status == SIGTERM || status == SIGINT { return .stopped }
      let advice = status == SIGKILL ? "; the system does that when memory runs out" : ""
      return .failed("was ended by signal \(status)\(advice)")
    }
    switch status {
    case 0: return .finished
    case 130: return .stopped
    default: return .failed("ended with exit code \(status)\(lastLines)")
    }
  }

  /// The last lines of the log, behind a colon.
  private var lastLines: String {
    let text = FileManager.default.contents(atPath: logPath).map { String(decoding: $0, as: UTF8.self) } ?? ""
    let lines = text.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("$ hardviews") }.suffix(5)
    return lines.isEmpty ? "" : ":\n" + lines.map { "    \($0)" }.joined(separator: "\n")
  }
}
