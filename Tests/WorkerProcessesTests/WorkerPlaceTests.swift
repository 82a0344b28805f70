import Testing

@testable import WorkerProcesses

@Suite struct WorkerPlaceTests {
  private let torchrun = [
    "RANK": "3", "WORLD_SIZE": "4", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2", "MASTER_ADDR": "node7",
    "MASTER_PORT": "4711", "TORCHELASTIC_RUN_ID": "abc", "TORCHELASTIC_RESTART_COUNT": "2",
    "TORCHELASTIC_USE_AGENT_STORE": "True", "TORCHELASTIC_ERROR_FILE": "/tmp/error.json",
  ]

  private func place(_ environment: [String: String]) throws -> WorkerPlace {
    try #require(try WorkerPlace(environment))
  }

  @Test func torchrunSaysWhoAWorkerIs() throws {
    let place = try place(torchrun)
    #expect((place.rank, place.count, place.localRank) == (3, 4, 1))
    #expect((place.host, place.port, place.run, place.restarts) == ("node7", 4711, "abc", 2))
    #expect(place.errorFile == "/tmp/error.json")
    #expect(!place.hostsStore)
    // Its agent opens the store, if it says so.
    let first = torchrun.merging(["RANK": "0", "TORCHELASTIC_USE_AGENT_STORE": "False"]) { $1 }
    #expect(try self.place(first).hostsStore)
    #expect(try !self.place(torchrun.merging(["RANK": "0"]) { $1 }).hostsStore)
  }

  @Test func slurmSaysSo() throws {
    let slurm = [
      "SLURM_PROCID": "5", "SLURM_STEP_NUM_TASKS": "8", "SLURM_LOCALID": "1", "SLURM_JOB_ID": "123456",
      "SLURM_STEP_NODELIST": "gpu[03-05,09]",
    ]
    let place = try place(slurm)
    #expect((place.rank, place.count, place.localRank, place.host) == (5, 8, 1, "gpu03"))
    #expect(place.port == 29_500 + 3456)
    #expect(!place.hostsStore)
    // The script of a job is one process, whatever its steps will be.
    #expect(try WorkerPlace(["SLURM_PROCID": "0", "SLURM_NTASKS": "8"]) == nil)
  }

  @Test(arguments: [
    ("a", "a"), ("a1,a2", "a1"), ("gpu[03-05,09]", "gpu03"), ("rack2-gpu[7,9]-ib,other", "rack2-gpu7-ib"),
  ]) func theFirstNodeOfALIst(list: String, node: String) { #expect(WorkerPlace.firstNode(of: list) == node) }

  @Test func messagePassingInterfacesSaySo() throws {
    let open = try place([
      "OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "2", "OMPI_COMM_WORLD_LOCAL_RANK": "1",
      "OMPI_COMM_WORLD_LOCAL_SIZE": "2",
    ])
    #expect((open.rank, open.count, open.host) == (1, 2, "127.0.0.1"))
    let intel = try place(["PMI_RANK": "2", "PMI_SIZE": "4", "MASTER_ADDR": "10.0.0.1"])
    #expect((intel.rank, intel.count, intel.host) == (2, 4, "10.0.0.1"))
  }

  @Test func oneProcessIsNoWorker() throws {
    #expect(try WorkerPlace([:]) == nil)
    #expect(try WorkerPlace(["RANK": "0", "WORLD_SIZE": "1"]) == nil)
    #expect(try WorkerPlace(["RANK": "0"]) == nil)
  }

  @Test(arguments: [
    (["RANK": "x"], "RANK is 'x'"), (["RANK": "4"], "RANK is 4, but there are only 4 workers"),
    (["MASTER_PORT": "70000"], "MASTER_PORT is 70000"), (["WORLD_SIZE": "-1"], "WORLD_SIZE is '-1'"),
  ]) func contradictionsAreNamed(changes: [String: String], text: String) throws {
    let error = #expect(throws: WorkerPlaceError.self) { try WorkerPlace(torchrun.merging(changes) { $1 }) }
    #expect(error?.description.contains(text) == true)
  }

  @Test func aMissingAddressIsNamed() throws {
    let error = #expect(throws: WorkerPlaceError.self) {
      try WorkerPlace(["OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_LOCAL_SIZE": "2"])
    }
    #expect(error?.description.contains("MASTER_ADDR is missing") == true)
  }

  @Test func everyWorkerOfAMachineHasAGPU() throws {
    let place = try place(torchrun)
    #expect(try place.gpu(amongVisible: nil) == "1")
    #expect(try place.gpu(amongVisible: "4,6") == "6")
    // Hidden on purpose.
    #expect(try place.gpu(amongVisible: "") == "")
    let error = #expect(throws: WorkerPlaceError.self) { try place.gpu(amongVisible: "4") }
    #expect(error?.description.contains("CUDA_VISIBLE_DEVICES names 1 GPU, too few for worker 1") == true)
    // SLURM may show each task its own GPU alone.
    let slurm = torchrun.merging(["SLURM_GPUS_PER_TASK": "1"]) { $1 }
    #expect(try self.place(slurm).gpu(amongVisible: "0") == "0")
  }
}
