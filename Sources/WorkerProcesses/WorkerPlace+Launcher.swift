import Foundation

extension WorkerPlace {
  /// Leaves this process the GPU of its number among those that it may use; to be called before CUDA is loaded.
  /// - Throws: `WorkerPlaceError` where there are fewer GPUs than workers on this machine.
  public func chooseGPU() throws(WorkerPlaceError) {
    let visible = ProcessInfo.processInfo.environment["CUDA_VISIBLE_DEVICES"]
    setenv("CUDA_VISIBLE_DEVICES", try gpu(amongVisible: visible), 1)
  }

  /// The value of CUDA_VISIBLE_DEVICES for this worker.
  func gpu(amongVisible list: String?) throws(WorkerPlaceError) -> String {
    guard let list, !list.isEmpty else { return "\(localRank)" }
    let devices = list.split(separator: ",").map(String.init)
    // A launcher that gives every worker a GPU of its own names that one alone.
    if devices.count == 1, localCount == 1 || hasOwnGPU { return devices[0] }
    guard localRank < devices.count else {
      throw WorkerPlaceError(
        "CUDA_VISIBLE_DEVICES names \(devices.count) GPU\(devices.count == 1 ? "" : "s"), too few for worker "
          + "\(localRank) of this machine: no two workers share one")
    }
    return devices[localRank]
  }

  /// Tells the launcher why this worker ends, in the form that torchrun reads.
  public func report(_ error: any Error) {
    guard let errorFile else { return }
    let message: [String: Any] = [
      "message": [
        "message": "\(error)",
        "extraInfo": ["py_callstack": "", "timestamp": "\(Int(Date.now.timeIntervalSince1970))"],
      ]
    ]
    guard let data = try? JSONSerialization.data(withJSONObject: message) else { return }
    try? data.write(to: URL(filePath: errorFile))
  }
}
