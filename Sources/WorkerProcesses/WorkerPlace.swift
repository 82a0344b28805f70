import Foundation

/// Which of several worker processes this one is, as the launcher says in the environment.
///
/// Understood are torchrun (`RANK`, `WORLD_SIZE`, …), SLURM's srun (`SLURM_PROCID`, `SLURM_STEP_NUM_TASKS`, …), Open MPI
/// (`OMPI_COMM_WORLD_RANK`, …), and MPICH and Intel MPI (`PMI_RANK`, …). `MASTER_ADDR` and `MASTER_PORT` hold for all.
public struct WorkerPlace: Sendable, Equatable {
  /// The number among all workers, from 0.
  public var rank: Int
  /// How many workers there are.
  public var count: Int
  /// The number among the workers of this machine, from 0.
  public var localRank: Int
  /// How many workers are on this machine; nil where the launcher does not say.
  public var localCount: Int?
  /// Whether the launcher gives every worker the GPUs that it may use, as SLURM does.
  var hasOwnGPU: Bool
  /// Where workers meet.
  public var host: String
  /// The port of the store there.
  public var port: Int
  /// Whether this worker opens the store; torchrun's agent does it for its workers.
  public var hostsStore: Bool
  /// The launcher's name for this training.
  public var run: String
  /// How often the launcher has started the workers again.
  public var restarts: Int
  /// Whether the launcher starts the workers again where one fails.
  public var mayRestart: Bool
  /// Where the launcher looks for the reason why a worker ended.
  public var errorFile: String?

  /// What an environment says; nil where it tells of one process.
  /// - Throws: `WorkerPlaceError` where it is incomplete or contradicts itself.
  public init?(_ environment: [String: String]) throws(WorkerPlaceError) {
    let variables = Variables(environment)
    guard let launcher = Launcher.allCases.first(where: { environment[$0.rankVariable] != nil }) else { return nil }
    guard let count = try variables.number(launcher.countVariables, from: 1), count > 1 else { return nil }
    let rank = try variables.number([launcher.rankVariable], from: 0) ?? 0
    guard rank < count else {
      throw WorkerPlaceError("\(launcher.rankVariable) is \(rank), but there are only \(count) workers")
    }
    let localCount = try variables.number(launcher.localCountVariables, from: 1)
    self.rank = rank
    self.localCount = localCount
    hasOwnGPU = environment["SLURM_GPUS_PER_TASK"] != nil
    self.count = count
    localRank = try variables.number(launcher.localRankVariables, from: 0) ?? rank
    host = try Self.host(launcher, environment, isOneMachine: localCount == count)
    let job = environment["SLURM_JOB_ID"].flatMap { Int($0) } ?? 0
    port = try variables.number(["MASTER_PORT"], from: 1) ?? 29_500 + job % 10_000
    guard port < 65_536 else { throw WorkerPlaceError("MASTER_PORT is \(port), and ports end at 65535") }
    let agentHostsStore = environment["TORCHELASTIC_USE_AGENT_STORE"] == "True"
    hostsStore = rank == 0 && !agentHostsStore
    run = environment["TORCHELASTIC_RUN_ID"] ?? environment["SLURM_JOB_ID"] ?? "hardviews"
    restarts = try variables.number(["TORCHELASTIC_RESTART_COUNT", "SLURM_RESTART_COUNT"], from: 0) ?? 0
    mayRestart = try variables.number(["TORCHELASTIC_MAX_RESTARTS"], from: 0) ?? 0 > 0
    errorFile = environment["TORCHELASTIC_ERROR_FILE"]
  }

  /// What this process's environment says.
  public static func current() throws(WorkerPlaceError) -> WorkerPlace? {
    try WorkerPlace(ProcessInfo.processInfo.environment)
  }

  private static func host(
    _ launcher: Launcher, _ environment: [String: String], isOneMachine: Bool
  ) throws(WorkerPlaceError) -> String {
    if let host = environment["MASTER_ADDR"] { return host }
    if launcher == .slurm {
      if let nodes = environment["SLURM_STEP_NODELIST"] ?? environment["SLURM_NODELIST"] { return firstNode(of: nodes) }
    }
    guard isOneMachine else {
      throw WorkerPlaceError(
        "MASTER_ADDR is missing: name the machine of the first worker there, so that the others find it")
    }
    return "127.0.0.1"
  }

  /// The first of SLURM's nodes, such as `gpu03` of `gpu[03-07,11]`.
  static func firstNode(of list: String) -> String {
    let head = list.prefix { $0 != "," && $0 != "[" }
    guard list.dropFirst(head.count).first == "[" else { return String(head) }
    let range = list.dropFirst(head.count + 1)
    let tail = range.drop { $0 != "]" }.dropFirst().prefix { $0 != "," && $0 != "[" }
    return "\(head)\(range.prefix { $0.isNumber })\(tail)"
  }
}

private enum Launcher: CaseIterable {
  case torchrun, slurm, openMPI, mpich

  var rankVariable: String {
    switch self {
    case .torchrun: "RANK"
    case .slurm: "SLURM_PROCID"
    case .openMPI: "OMPI_COMM_WORLD_RANK"
    case .mpich: "PMI_RANK"
    }
  }

  /// SLURM sets the number of the step's tasks for what srun starts, and not for the script of the job, which is one process.
  var countVariables: [String] {
    switch self {
    case .torchrun: ["WORLD_SIZE"]
    case .slurm: ["SLURM_STEP_NUM_TASKS"]
    case .openMPI: ["OMPI_COMM_WORLD_SIZE"]
    case .mpich: ["PMI_SIZE"]
    }
  }

  var localRankVariables: [String] {
    switch self {
    case .torchrun: ["LOCAL_RANK"]
    case .slurm: ["SLURM_LOCALID"]
    case .openMPI: ["OMPI_COMM_WORLD_LOCAL_RANK"]
    case .mpich: ["MPI_LOCALRANKID", "PMI_LOCAL_RANK"]
    }
  }

  var localCountVariables: [String] {
    switch self {
    case .torchrun: ["LOCAL_WORLD_SIZE"]
    case .slurm: []
    case .openMPI: ["OMPI_COMM_WORLD_LOCAL_SIZE"]
    case .mpich: ["MPI_LOCALNRANKS", "PMI_LOCAL_SIZE"]
    }
  }
}

private struct Variables {
  let environment: [String: String]

  init(_ environment: [String: String]) {
    self.environment = environment
  }

  /// The first of some variables that is set, as a number.
  func number(_ names: [String], from least: Int) throws(WorkerPlaceError) -> Int? {
    guard let name = names.first(where: { environment[$0] != nil }), let text = environment[name] else { return nil }
    guard let number = Int(text), number >= least else {
      throw WorkerPlaceError("\(name) is '\(text)', and must be a whole number from \(least) on")
    }
    return number
  }
}

/// The environment does not say which worker this is.
public struct WorkerPlaceError: Error, CustomStringConvertible {
  /// What is wrong.
  public let reason: String

  init(_ reason: String) {
    self.reason = reason
  }

  /// One sentence.
  public var description: String {
    "The environment does not say which worker this process is: \(reason). Start workers with torchrun, srun, mpirun or "
      + "`hardviews pretrain --workers`; see Documentation/Workers.md."
  }
}
