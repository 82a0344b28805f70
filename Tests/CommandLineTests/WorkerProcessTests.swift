import Foundation
import RunRecords
import TestSupport
import Testing

/// Several processes that train one run, as launchers start them.
extension CommandLineTests {
  private struct Worker {
    let process: Process
    let error: Pipe

    /// What it says until it ends.
    func ending() -> (code: Int32, error: String) {
      let text = error.fileHandleForReading.readDataToEndOfFile()
      process.waitUntilExit()
      return (process.terminationStatus, String(decoding: text, as: UTF8.self))
    }
  }

  /// Starts workers with torchrun's variables, the first one last: the others wait for it.
  private func workers(
    _ count: Int, in folder: String, epochs: Int, arguments: [String] = []
  ) throws -> [Worker] {
    try start(
      count, in: folder,
      [
        "pretrain", try tinyConfiguration(in: folder), "--output", "run", "--worker-timeout", "60", "--set",
        "training.epochs=\(epochs)", "--set", "records.checkpoints.every_epochs=100000", "--set",
        "records.metrics_every_steps=1",
      ] + arguments)
  }

  private func start(_ count: Int, in folder: String, _ arguments: [String]) throws -> [Worker] {
    let port = freePort()
    return try (0..<count).reversed().map { rank in
      let process = Process()
      process.environment = ProcessInfo.processInfo.environment.merging([
        "RANK": "\(rank)", "WORLD_SIZE": "\(count)", "LOCAL_RANK": "\(rank)", "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": "\(port)", "OMP_NUM_THREADS": "1",
        // Too few for two workers, which need none.
        "CUDA_VISIBLE_DEVICES": "0",
        "TORCHELASTIC_ERROR_FILE": "\(folder)/error-\(rank).json",
      ]) { $1 }
      process.executableURL = Self.program
      process.arguments = arguments
      process.currentDirectoryURL = URL(filePath: folder)
      let error = Pipe()
      process.standardError = error
      process.standardOutput = error
      try process.run()
      return Worker(process: process, error: error)
    }.reversed()
  }

  private func waitForMetrics(in folder: String, of worker: Worker) {
    while !FileManager.default.fileExists(atPath: folder + "/run/metrics.jsonl"), worker.process.isRunning {
      usleep(20_000)
    }
  }

  @Test func twoProcessesTrainOneRunAndOneSpeaks() throws {
    try withTemporaryDirectory { folder in
      let endings = try workers(2, in: folder, epochs: 2).map { $0.ending() }
      #expect(endings.map(\.code) == [0, 0], "\(endings)")
      #expect(endings[0].error.contains("Training in run"))
      #expect(endings[1].error.isEmpty, "\(endings[1].error)")
      let log = try String(contentsOfFile: folder + "/run/workers/1.log", encoding: .utf8)
      #expect(log.contains("epoch 2/2"))
      let run = try RunDirectory.open(at: folder + "/run")
      #expect(run.savedCheckpoints().map(\.step) == [8])
      #expect(try hardviews(["report", "run"], in: folder).code == 0)
    }
  }

  @Test func aKilledWorkerIsNamedToPersonAndLauncher() throws {
    try withTemporaryDirectory { folder in
      let workers = try workers(2, in: folder, epochs: 100_000)
      waitForMetrics(in: folder, of: workers[0])
      kill(workers[1].process.processIdentifier, SIGKILL)
      let ending = workers[0].ending()
      _ = workers[1].ending()
      #expect(ending.code == 1)
      #expect(ending.error.contains("Worker 1 does not answer: killed"), "\(ending.error)")
      let report = try String(contentsOfFile: folder + "/error-0.json", encoding: .utf8)
      #expect(report.contains("Worker 1 does not answer"))
    }
  }

  @Test func anErrorOfOneIsToldByAll() throws {
    try withTemporaryDirectory { folder in
      let workers = try workers(2, in: folder, epochs: 2, arguments: ["--set", "training.batch_size=15"])
      for ending in workers.map({ $0.ending() }) {
        #expect(ending.code == 1)
        #expect(ending.error.contains("training.batch_size: is 15, which does not divide into 2"), "\(ending.error)")
      }
      #expect(!FileManager.default.fileExists(atPath: folder + "/run"))
    }
  }

  /// The launcher of the torch wheel starts the workers, and starts them again when one was killed.
  @Test func torchrunStartsWorkersAgainAndTheRunGoesOn() throws {
    try withTemporaryDirectory { folder in
      let process = Process()
      process.executableURL = Self.program
      process.arguments = [
        "pretrain", try tinyConfiguration(in: folder), "--output", "run", "--workers", "2", "--restarts", "1",
        "--worker-timeout", "60", "--set", "training.epochs=40",
      ]
      process.currentDirectoryURL = URL(filePath: folder)
      let error = Pipe()
      process.standardError = error
      process.standardOutput = error
      try process.run()
      let worker = Worker(process: process, error: error)
      let launcher = process.processIdentifier
      while !FileManager.default.fileExists(atPath: folder + "/run/checkpoints/last.safetensors"), process.isRunning {
        usleep(5_000)
      }
      let children = try? String(contentsOfFile: "/proc/\(launcher)/task/\(launcher)/children", encoding: .utf8)
      let victim = children?.split(separator: " ").last.flatMap { pid_t($0) }
      if let victim { kill(victim, SIGKILL) }
      let ending = worker.ending()
      // A machine without Python, or without the package that torchrun needs, is told so.
      if ending.error.contains("torchrun cannot be started") { return }
      #expect(victim != nil)
      #expect(ending.code == 0, "\(ending.error)")
      let run = try RunDirectory.open(at: folder + "/run")
      #expect(run.savedCheckpoints().first?.step == 160)
      let history = try String(contentsOfFile: run.historyPath, encoding: .utf8).split(separator: "\n")
      #expect(history.count == 2, "\(ending.error)")
    }
  }

  /// SIGUSR1 to any worker asks for a checkpoint, and training goes on.
  @Test func aSignalToOneWorkerSavesACheckpoint() throws {
    try withTemporaryDirectory { folder in
      let workers = try workers(2, in: folder, epochs: 100_000)
      waitForMetrics(in: folder, of: workers[0])
      kill(workers[1].process.processIdentifier, SIGUSR1)
      let checkpoint = folder + "/run/checkpoints/last.safetensors"
      while !FileManager.default.fileExists(atPath: checkpoint), workers[0].process.isRunning { usleep(20_000) }
      #expect(workers[0].process.isRunning && workers[1].process.isRunning)
      kill(workers[0].process.processIdentifier, SIGTERM)
      #expect(workers.map { $0.ending().code } == [130, 130])
    }
  }

  /// `evaluate` and `embed` of two processes write what one writes, and one of them speaks.
  @Test func twoProcessesMeasureAndEmbed() throws {
    try withTemporaryDirectory { folder in
      let configuration = try tinyConfiguration(in: folder)
      #expect(try hardviews(["pretrain", configuration, "--output", "run"], in: folder).code == 0)
      for (command, output) in [
        (["evaluate", "knn", "run", "--k", "1,5"], "--output"), (["embed", "run", folder + "/images"], "--output"),
      ] {
        let isEmbedding = command[0] == "embed"
        let names = ["one", "two"].map { isEmbedding ? "\($0).safetensors" : $0 }
        let alone = try hardviews(command + [output, names[0]], in: folder)
        #expect(alone.code == 0, "\(alone.error)")
        let endings = try start(2, in: folder, command + [output, names[1]]).map { $0.ending() }
        #expect(endings.map(\.code) == [0, 0], "\(endings)")
        #expect(!endings[0].error.isEmpty && endings[1].error.isEmpty, "\(endings)")
        if isEmbedding {
          let files = try names.map { try Data(contentsOf: URL(filePath: "\(folder)/\($0)")) }
          #expect(files[0] == files[1])
        } else {
          let measures = try names.map { name in
            let data = try Data(contentsOf: URL(filePath: "\(folder)/\(name)/knn.json"))
            return try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])["measures"] as? NSArray
          }
          #expect(measures[0] != nil && measures[0] == measures[1])
        }
      }
    }
  }

  /// torchrun passes on the signal that the terminal has sent to all already.
  @Test func signalsToOneWorkerStopAllAfterACheckpoint() throws {
    try withTemporaryDirectory { folder in
      let workers = try workers(2, in: folder, epochs: 100_000)
      waitForMetrics(in: folder, of: workers[0])
      for _ in 0..<3 {
        kill(workers[1].process.processIdentifier, SIGTERM)
        usleep(20_000)
      }
      #expect(workers.map { $0.ending().code } == [130, 130])
      #expect(try RunDirectory.open(at: folder + "/run").savedCheckpoints().count == 1)
    }
  }
}
