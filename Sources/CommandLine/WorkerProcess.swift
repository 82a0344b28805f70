import ArgumentParser
import Foundation
import HardViewPretraining
import RunConfiguration
import Synchronization
import Torch
import WorkerProcesses

/// This process as one of several workers, where a launcher has started it as one.
enum WorkerProcess {
  /// Runs `body` as the worker that the environment says, or alone.
  ///
  /// What goes wrong is told to the other workers and to the launcher.
  /// - Parameter timeout: How long a worker waits for another, in seconds.
  static func run(timeout: Double, _ body: () throws -> Void) throws {
    guard let place = try WorkerPlace.current() else { return try body() }
    // Of interest where a GPU is asked for.
    let reasonForNoGPU = place.chooseGPU()
    do {
      let group = try WorkerGroup(
        WorkerGroup.Meeting(
          name: "\(place.run)/\(place.restarts)", host: place.host, port: place.port, hostsStore: place.hostsStore,
          rank: place.rank, count: place.count, timeout: timeout))
      do {
        try withWorkers(group) {
          try group.requireAgreement(on: "version", "\(HardViewsProgram.version) with libtorch \(Engine.version)")
          try body()
        }
      } catch let error as ExitCode {
        throw error
      } catch {
        let isAboutGPU = (error as? ConfigurationError)?.path == "device"
        let failure = explained(isAboutGPU ? reasonForNoGPU ?? error : error, by: group)
        // Leaving a group waits for its connections.
        _ = Unmanaged.passRetained(group)
        throw failure
      }
    } catch {
      guard !(error is ExitCode) else { throw error }
      place.report(error)
      complain(of: error)
      // Without taking leave of the others, who may not be there to answer.
      _exit(1)
    }
  }

  /// What happened, with what other workers say of it.
  private static func explained(_ error: any Error, by group: WorkerGroup) -> any Error {
    let isLost = (error as? TorchError)?.kind == .workers
    let reports = group.reports(after: isLost ? lost : "\(error)", waiting: isLost ? 5 : 1)
    guard isLost else { return error }
    for (worker, report) in reports.enumerated() where worker != group.rank {
      if let report, report != lost { return OtherWorkerError(worker: worker, reason: report) }
    }
    let silent = reports.indices.filter { reports[$0] == nil }
    guard !silent.isEmpty else { return error }
    return SilentWorkersError(workers: silent, timeout: group.timeout)
  }

  /// What a worker says that only knows that another one is gone.
  private static let lost = "lost another worker"

  /// Whether what this process says is of use to anybody: the first worker's is, and what others say into files.
  static var speaks: Bool {
    !isSilent.load(ordering: .relaxed) && (Workers.current.isFirst || isDiverted.load(ordering: .relaxed))
  }

  private static let isDiverted = Atomic(false)
  private static let isSilent = Atomic(false)

  /// Says nothing but errors from now on, on any thread, unless it is the first worker.
  static func silence() {
    guard !Workers.current.isFirst else { return }
    isSilent.store(true, ordering: .relaxed)
    let nowhere = open("/dev/null", O_WRONLY)
    guard nowhere >= 0 else { return }
    dup2(nowhere, 1)
    close(nowhere)
  }

  /// Sends what this process prints into a file from now on, unless it is the first worker.
  static func divertOutput(of run: String) {
    let workers = Workers.current
    guard !speaks else { return }
    isDiverted.store(true, ordering: .relaxed)
    let folder = run + "/workers"
    mkdir(folder, 0o777)
    let file = open("\(folder)/\(workers.rank).log", O_WRONLY | O_CREAT | O_APPEND, 0o666)
    guard file >= 0 else { return }
    dup2(file, 1)
    dup2(file, 2)
    close(file)
  }
}

/// Workers do not answer, and say nothing.
struct SilentWorkersError: Error, CustomStringConvertible {
  let workers: [Int]
  let timeout: Double

  var description: String {
    let names = workers.map(String.init).joined(separator: ", ")
    return (workers.count == 1 ? "Worker \(names) does" : "Workers \(names) do")
      + " not answer: killed, hanging for more than \(Int(timeout)) s (--worker-timeout), or on a machine that cannot be "
      + "reached. Training goes on from the last checkpoint when all workers are started again."
  }
}
