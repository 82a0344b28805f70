import Foundation
import RunRecords
import TestSupport
import Testing

/// Runs that are stopped, asked, started twice and moved, as the system and a scheduler do it.
extension CommandLineTests {
  /// A training without an end, once it has written its first record.
  private func endless(in folder: String) throws -> (process: Process, error: Pipe) {
    let process = Process()
    process.executableURL = Self.program
    process.arguments = [
      "pretrain", try tinyConfiguration(in: folder), "--output", "run", "--set", "training.epochs=100000",
      "--set", "records.checkpoints.every_epochs=100000", "--set", "records.metrics_every_steps=1",
    ]
    process.currentDirectoryURL = URL(filePath: folder)
    let error = Pipe()
    process.standardError = error
    try process.run()
    wait(for: folder + "/run/metrics.jsonl", of: process)
    return (process, error)
  }

  private func wait(for path: String, of process: Process) {
    while !FileManager.default.fileExists(atPath: path), process.isRunning { usleep(20_000) }
  }

  @Test func userSignalWritesACheckpointAndTrainingGoesOn() throws {
    try withTemporaryDirectory { folder in
      let (process, error) = try endless(in: folder)
      let run = try RunDirectory.open(at: folder + "/run")
      #expect(run.savedCheckpoints().isEmpty)
      kill(process.processIdentifier, SIGUSR1)
      wait(for: run.checkpointPath, of: process)
      #expect(process.isRunning)
      let second = try hardviews(["pretrain", "--resume", "run"], in: folder)
      #expect(second.code == 1)
      #expect(second.error.contains("is being trained by process \(process.processIdentifier)"), "\(second.error)")
      process.terminate()
      _ = error.fileHandleForReading.readDataToEndOfFile()
      process.waitUntilExit()
      #expect(process.terminationStatus == 130)
      #expect(run.savedCheckpoints().count == 2)
    }
  }

  /// Killed without warning: the lock is free, and a scheduler's command goes on.
  @Test func resumeOrStartBeginsAndGoesOn() throws {
    try withTemporaryDirectory { folder in
      let configuration = try tinyConfiguration(in: folder)
      let command = ["pretrain", configuration, "--output", "run", "--resume-or-start"]
      let first = try hardviews(command + ["--set", "training.epochs=1"], in: folder)
      #expect(first.code == 0, "\(first.error)")
      try Data("{\"host\":\"\(ProcessInfo.processInfo.hostName)\",\"process\":1,\"since\":\"\"}".utf8)
        .write(to: URL(filePath: folder + "/run/run.lock"))
      let second = try hardviews(command + ["--set", "training.epochs=2"], in: folder)
      #expect(second.code == 0, "\(second.error)")
      #expect(second.error.contains("training.epochs") && second.error.contains("going on after step 4 of 8"))
      let run = try RunDirectory.open(at: folder + "/run")
      #expect(run.savedCheckpoints().map(\.step) == [8, 4])
      let lacking = try hardviews(["pretrain", configuration, "--resume-or-start"], in: folder)
      #expect(lacking.code == 2 && lacking.error.contains("--output"))
    }
  }

  @Test func aStartThatFailsLeavesNoFolderAndTheCorrectedCommandWorks() throws {
    try withTemporaryDirectory { folder in
      let configuration = try tinyConfiguration(in: folder)
      let command = ["pretrain", configuration, "--output", "run", "--set", "training.epochs=1"]
      let wrong = try hardviews(command + ["--data", "nowhere"], in: folder)
      #expect(wrong.code == 1)
      #expect(!FileManager.default.fileExists(atPath: folder + "/run"))
      #expect(try hardviews(command, in: folder).code == 0)
    }
  }

  /// A relative path of the data means the same from any folder.
  @Test func aRunIsResumedAndEvaluatedFromAnyFolder() throws {
    try withTemporaryDirectory { folder in
      let configuration = try tinyConfiguration(in: folder)
      let begun = try hardviews(
        ["pretrain", configuration, "--output", "run", "--data", "images", "--set", "training.epochs=1"], in: folder)
      #expect(begun.code == 0, "\(begun.error)")
      let resumed = try hardviews(["pretrain", "--resume", folder + "/run", "--set", "training.epochs=2"], in: "/")
      #expect(resumed.code == 0, "\(resumed.error)")
      let evaluated = try hardviews(["evaluate", "knn", folder + "/run"], in: "/")
      #expect(evaluated.code == 0, "\(evaluated.error)")
    }
  }
}
