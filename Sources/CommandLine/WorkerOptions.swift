import ArgumentParser
import WorkerProcesses

/// How many processes do the work, and how long they wait for each other.
struct WorkerOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Work in so many processes on this machine, started by torchrun; see Documentation/Workers.md.",
      valueName: "count"))
  var workers: Int?

  @Option(
    help: ArgumentHelp(
      "How long a worker waits for another before it gives up; by default 600 s in trainings, else a day.",
      valueName: "seconds"))
  var workerTimeout: Double?

  func validate() throws {
    if let workers, workers < 1 { throw ValidationError("--workers is \(workers); name 1 process or more.") }
    if let workerTimeout, !(workerTimeout >= 1) {
      throw ValidationError("--worker-timeout is \(workerTimeout); give 1 s or more.")
    }
  }

  /// Runs `body` in as many processes as asked for, or as one of those that a launcher has started.
  ///
  /// - Parameters:
  ///   - timeout: How long a worker waits where that is not said, in seconds.
  ///   - restarts: How often all are started again after one of them failed.
  ///   - arguments: What they are told beyond the command line.
  func run(
    timeout: Double, restarts: Int = 0, adding arguments: @autoclosure () -> [String] = [], _ body: () throws -> Void
  ) throws {
    if let workers, workers > 1, try WorkerPlace.current() == nil {
      try Torchrun.replaceProcess(
        workers: workers, restarts: restarts, arguments: CommandLine.arguments.dropFirst() + arguments())
    }
    try WorkerProcess.run(timeout: workerTimeout ?? timeout, body)
  }

  /// Runs `body`, of which every worker does a part, and the first one alone speaks.
  func share(_ body: () throws -> Void) throws {
    try run(timeout: 86_400) {
      WorkerProcess.silence()
      try body()
    }
  }
}
